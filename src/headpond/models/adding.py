"""A user's own model folder becomes a model of the store."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from headpond.errors import InputError, ModelError
from headpond.models import blobs, catalog, huggingface, store
from headpond.models.card import Architecture, Card, Pooling, Prefixes, Task
from headpond.models.dense import DenseModel
from headpond.models.loading import Loaded, load
from headpond.models.rerank import CrossEncoder
from headpond.models.session import Session
from headpond.models.sparse import SparseModel
from headpond.models.tokenizer import Tokenizer

NAME = re.compile("[a-z0-9][a-z0-9._-]{0,127}")
PROBE = "how big"
FED = {"input_ids", "attention_mask", "token_type_ids", "position_ids", "lengths"}
"""Inputs of graphs that are made from a text's tokens."""

QUANTISED = ("model_quantized.onnx", "model_int8.onnx", "model_uint8.onnx", "model_fp16.onnx")
"""Names of graphs with smaller numbers, in the order in which they are taken where there is no `model.onnx`."""

NEEDED = "needed are tokenizer.json, and model.onnx (also below onnx/), or config.json with model.safetensors"


def add(
    name: str,
    folder: Path,
    *,
    task: Task | None = None,
    pooling: Pooling | None = None,
    max_tokens: int | None = None,
    prefixes: Prefixes | None = None,
    onnx: Path | None = None,
    licence: str = "unknown (added by the user)",
) -> Card:
    """Copies a model into the store under a name of its own and runs it once, so that a model that is listed runs.

    Adding the same folder under the same name again changes nothing.

    Args:
        name: the new name: lower case letters, digits, `.`, `_`, `-`.
        folder: Hugging Face layout: `tokenizer.json`, and `model.onnx`, or `config.json` with `model.safetensors` (BERT
            only; it is preferred where both are there).
        task: by default what modules.json, else `architectures` in config.json say.
        pooling: by default what the pooling's config.json says, else mean.
        max_tokens: by default what `sentence_bert_config.json`, `tokenizer_config.json` or config.json say.
        prefixes: by default the prompts in `config_sentence_transformers.json`.
        onnx: the graph to take, inside the folder; by default the first of the usual names.
        licence: kept in the card.

    Raises:
        InputError: the folder lacks files or says something that cannot be done, or the name is taken or malformed.
        ModelError: the model cannot be run.
    """
    folder = folder.expanduser()
    _check_name(name, folder)
    described, (architecture, files) = _read(folder, task, onnx)
    if max_tokens is not None and max_tokens < 3:
        raise InputError(f"max_tokens is {max_tokens}, it must be above 2")
    card = Card(
        name=name,
        task=described.task,
        title=name,
        architecture=architecture,
        licence=licence,
        provenance=f"added by the user from {folder}",
        dims=(described.hidden_size or 1) if described.task == "text_embedding" else None,
        max_tokens=max_tokens or max(3, described.max_tokens),
        pooling=pooling or described.pooling,
        unit=described.unit,
        similarity=described.similarity,
        prefixes=prefixes or described.prefixes,
        rank=-1,  # never chosen before a model that headpond knows
        files={file: blobs.describe(path) for file, path in files.items()},
    )
    if architecture == "onnx":
        card = _tried(card, files)
    if store.present(name):
        return _same(name, card)
    with store.locked(name), store.workspace() as space:
        for file, path in files.items():
            shutil.copyfile(path, space / file)
        store.install(card, space, origin=f"folder {folder}")
    try:
        load(name, task=card.task)
    except Exception:
        store.remove(name)
        raise
    return card


def name_for(folder: Path) -> str:
    """The name a folder's model gets when the user chose none: the folder's own, as far as names allow."""
    plain = re.sub("[^a-z0-9._-]+", "-", folder.expanduser().resolve().name.lower()).strip("-._")
    return plain or "model"


def _check_name(name: str, folder: Path) -> None:
    if not NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a model",
            hint="lower case letters, digits, '.', '_' and '-', with a letter or a digit first",
        )
    if name in catalog.cards():
        raise InputError(
            f"the name {name!r} belongs to a shipped model",
            hint=f"choose another name, or use its files: HEADPOND_MODELS_DIR={folder} headpond models pull {name}",
        )


def _same(name: str, card: Card) -> Card:
    """The model of this name, if adding would give the same one."""
    there = store.card_of(store.path(name))
    if there.fingerprint != card.fingerprint:
        raise InputError(
            f"another model called {name!r} is already here",
            hint=f"choose another name, or: headpond models remove {name}",
        )
    return there


def _read(
    folder: Path, task: Task | None, onnx: Path | None
) -> tuple[huggingface.Described, tuple[Architecture, dict[str, Path]]]:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    tokenizer = folder / "tokenizer.json"
    if not tokenizer.is_file():
        slow = [file for file in ("vocab.txt", "spiece.model", "sentencepiece.bpe.model") if (folder / file).is_file()]
        made = "transformers writes it: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
        raise InputError(f"{folder} holds no tokenizer.json", hint=made if slow else NEEDED)
    described = huggingface.describe(folder, task=task)
    weights, config = folder / "model.safetensors", folder / "config.json"
    if onnx is None and described.model_type == "bert" and weights.is_file():
        return described, ("bert", {"model.safetensors": weights, "tokenizer.json": tokenizer, "config.json": config})
    graph = _graph(folder, onnx)
    if graph is not None:
        return described, ("onnx", {"model.onnx": graph, "tokenizer.json": tokenizer})
    raise _no_weights(folder, described.model_type)


def _graph(folder: Path, chosen: Path | None) -> Path | None:
    found: Path | None
    if chosen is not None:
        found = folder / chosen  # an absolute path stays as it is
        if not found.is_file():
            near = ", ".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*.onnx"))) or "none"
            raise InputError(f"{found} is not there", hint=f"ONNX files in the folder: {near}")
    else:
        places = [parent / file for file in ("model.onnx", *QUANTISED) for parent in (folder, folder / "onnx")]
        # Exports for one processor have longer names, such as model_qint8_avx512_vnni.onnx.
        places += sorted(folder.glob("model*.onnx")) + sorted(folder.glob("onnx/model*.onnx"))
        found = next((path for path in places if path.is_file()), None)
        if found is None:
            return None
    for beside in (f"{found.name}_data", f"{found.name}.data"):
        if (found.parent / beside).is_file():
            raise InputError(
                f"{found} keeps its weights in {beside}; a graph must hold them itself",
                hint="take a quantised one with --onnx, or save it with onnx.save(model, path)",
            )
    return found


def _no_weights(folder: Path, model_type: str) -> InputError:
    if (folder / "model.safetensors").is_file():
        kind = f"a {model_type} model" if model_type else "a model without config.json"
        return InputError(
            f"{folder} holds {kind} as safetensors: only BERT is read from these",
            hint="export it as ONNX: optimum-cli export onnx --model FOLDER FOLDER/onnx",
        )
    reason = NEEDED
    if any(folder.glob("model-*-of-*.safetensors")):
        reason += "; weights in several files are not read"
    if (folder / "pytorch_model.bin").is_file():
        reason += "; pytorch_model.bin is a pickle and never loaded: save the model as safetensors or ONNX"
    return InputError(f"{folder} does not hold a model", hint=reason)


def _tried(card: Card, files: dict[str, Path]) -> Card:
    """The card of a graph that was run once, with the length its vectors really have."""
    session = Session(files["model.onnx"])
    if unknown := sorted(session.inputs - FED):
        raise ModelError(
            f"{files['model.onnx']} takes the inputs {', '.join(unknown)}, which a text does not give",
            hint="export it as an encoder for feature extraction, without past keys and values",
        )
    loaded = Loaded(card, "as shipped", Tokenizer(files["tokenizer.json"], card.max_tokens), session)
    if card.task == "text_embedding":
        return card.model_copy(update={"dims": DenseModel(loaded).embed([PROBE]).vectors.shape[1]})
    if card.task == "sparse_embedding":
        SparseModel(loaded).embed([PROBE])
    else:
        CrossEncoder(loaded).score(PROBE, [PROBE])
    return card
