"""A user's own model folder becomes a model of the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headpond.errors import InputError, ModelError
from headpond.models import blobs, catalog, store
from headpond.models.card import Architecture, Card, Pooling, Prefixes, Task
from headpond.models.loading import load
from headpond.models.session import Session

LAYOUTS: dict[Architecture, tuple[str, ...]] = {
    "bert": ("model.safetensors", "tokenizer.json", "config.json"),
    "onnx": ("model.onnx", "tokenizer.json"),
}


def add(
    name: str,
    folder: Path,
    *,
    task: Task | None = None,
    pooling: Pooling | None = None,
    max_tokens: int | None = None,
    prefixes: Prefixes | None = None,
    licence: str = "unknown (added by the user)",
) -> Card:
    """Copies a model into the store under a name of its own and loads it once, so that a model that is listed runs.

    Args:
        name: the new name: lower case letters, digits, `.`, `_`, `-`.
        folder: Hugging Face layout: `tokenizer.json`, and `config.json` with `model.safetensors`, or `model.onnx`.
        task: by default what `architectures` in config.json says.
        pooling: by default what `1_Pooling/config.json` says, else mean.
        max_tokens: by default what `sentence_bert_config.json`, `tokenizer_config.json` or config.json say.
        prefixes: by default the prompts in `config_sentence_transformers.json`.
        licence: kept in the card.

    Raises:
        InputError: the folder lacks files, or the name is taken or malformed.
        ModelError: the model cannot be run.
    """
    folder = folder.expanduser()
    if name in catalog.cards():
        raise InputError(
            f"the name {name!r} belongs to a shipped model",
            hint=f"choose another name, or use its files: HEADPOND_MODELS_DIR={folder} headpond models pull {name}",
        )
    if store.present(name):
        raise InputError(f"a model called {name!r} is already here", hint=f"headpond models remove {name}")
    architecture, files = _files(folder)
    config = _json(folder / "config.json")
    try:
        card = Card(
            name=name,
            task=task or _task(config),
            title=name,
            architecture=architecture,
            licence=licence,
            provenance=f"added by the user from {folder}",
            dims=config.get("hidden_size") or _onnx_dims(files),
            max_tokens=max_tokens or _max_tokens(folder, config),
            pooling=pooling or _pooling(folder),
            prefixes=prefixes or _prefixes(folder),
            rank=-1,  # never chosen before a model that headpond knows
            files={file: blobs.describe(path) for file, path in files.items()},
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", where=str(folder)) from error
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


def _files(folder: Path) -> tuple[Architecture, dict[str, Path]]:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    for architecture, names in LAYOUTS.items():
        found = {name: folder / name for name in names if (folder / name).is_file()}
        if "model.onnx" in names and (folder / "onnx" / "model.onnx").is_file():
            found.setdefault("model.onnx", folder / "onnx" / "model.onnx")
        if len(found) == len(names):
            return architecture, found
    reason = "needed are tokenizer.json, and config.json with model.safetensors, or model.onnx"
    if (folder / "pytorch_model.bin").is_file():
        reason += "; pytorch_model.bin is a pickle and never loaded: save the model as safetensors"
    raise InputError(f"{folder} does not hold a model", hint=reason)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"not readable as JSON: {error}", where=str(path)) from error
    return content if isinstance(content, dict) else {}


def _task(config: dict[str, Any]) -> Task:
    names = config.get("architectures") or [""]
    if "MaskedLM" in names[0]:
        return "sparse_embedding"
    return "rerank" if "SequenceClassification" in names[0] else "text_embedding"


def _pooling(folder: Path) -> Pooling:
    return "cls" if _json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token") else "mean"


def _max_tokens(folder: Path, config: dict[str, Any]) -> int:
    limit = int(config.get("max_position_embeddings") or 512)
    told = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    told = told or _json(folder / "tokenizer_config.json").get("model_max_length")
    return min(limit, int(told)) if told else limit


def _prefixes(folder: Path) -> Prefixes:
    prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
    return Prefixes(search=prompts.get("query", ""), ingest=prompts.get("document") or prompts.get("passage") or "")


def _onnx_dims(files: dict[str, Path]) -> int | None:
    if "model.onnx" not in files:
        return None
    last = Session(files["model.onnx"]).widths[0]
    if last is None:
        raise ModelError(
            f"{files['model.onnx']} does not say how long its vectors are", hint="add a config.json with hidden_size"
        )
    return last
