"""What a folder in Hugging Face layout says of its model.

Read are config.json, tokenizer_config.json and, where sentence-transformers wrote the folder, its modules.json,
sentence_bert_config.json, config_sentence_transformers.json and the config.json of its pooling. Nothing is run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headpond.errors import InputError
from headpond.models.card import Pooling, Prefixes, Similarity, Task

MODULES = ("Transformer", "Pooling", "Normalize", "MLMTransformer", "SpladePooling")
"""Modules of sentence-transformers that are computed here, by the last part of their type."""

POOLING: dict[str, Pooling] = {
    "mean": "mean",
    "cls": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
}
"""Ways of pooling, by their names in sentence-transformers from 6.0 and before."""

OFFSET_POSITIONS = ("camembert", "mpnet", "roberta", "xlm-roberta", "xlm-roberta-xl")
"""Kinds of models whose first positions are never a token's: `max_position_embeddings` counts them too."""

DEFAULT_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Described:
    """What a folder says; see `Card` for the members of the same name.

    Attributes:
        model_type: the architecture's name in transformers, such as `bert`; empty where there is no config.json.
        hidden_size: length of a token's vector; None where it is not said.
    """

    task: Task
    model_type: str
    hidden_size: int | None
    max_tokens: int
    pooling: Pooling
    unit: bool
    similarity: Similarity
    prefixes: Prefixes


def describe(folder: Path, *, task: Task | None = None) -> Described:
    """Reads a folder.

    Args:
        folder: the folder.
        task: by default what the modules, else `architectures` in config.json say.

    Raises:
        InputError: a file is no JSON, or the model does something that is not computed here.
    """
    config = _json(folder / "config.json")
    modules = _modules(folder)
    chosen = task or _task(folder, config, modules)
    if chosen == "rerank":
        _check_labels(folder, config)
    unit, similarity = _similarity(folder, modules)
    model_type = config.get("model_type")
    return Described(
        task=chosen,
        model_type=model_type if isinstance(model_type, str) else "",
        hidden_size=_whole(folder / "config.json", config, "hidden_size"),
        max_tokens=_max_tokens(folder, config),
        pooling=_pooling(folder, modules) if chosen == "text_embedding" else "mean",
        unit=unit,
        similarity=similarity,
        prefixes=_prefixes(folder),
    )


def _json(path: Path) -> dict[str, Any]:
    content = _any_json(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError("not a JSON object", where=str(path))
    return content


def _any_json(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"not readable as JSON: {error}", where=str(path)) from error


def _whole(path: Path, values: dict[str, Any], name: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 1:
        raise InputError(f"{name} is {value!r}, it must be a positive number", where=str(path))
    return int(value)


def _modules(folder: Path) -> dict[str, Path]:
    """Folder of each module by the last part of its type, in order; empty for folders of other makers."""
    path = folder / "modules.json"
    found: dict[str, Path] = {}
    for module in _any_json(path) or []:
        if not isinstance(module, dict):
            raise InputError("not a list of modules", where=str(path))
        kind = str(module.get("type", "")).rpartition(".")[2]
        if kind not in MODULES:
            raise InputError(
                f"the module {kind!r} is not computed here, known: {', '.join(MODULES)}",
                where=str(path),
                hint="export the whole model as ONNX with an output sentence_embedding, and add that file alone",
            )
        found[kind] = folder / str(module.get("path", ""))
    return found


def _task(folder: Path, config: dict[str, Any], modules: dict[str, Path]) -> Task:
    if "SpladePooling" in modules:
        return "sparse_embedding"
    if "Pooling" in modules:
        return "text_embedding"
    names = config.get("architectures") or [""]
    name = str(names[0]) if isinstance(names, list) else ""
    if name.endswith("MaskedLM"):
        return "sparse_embedding"
    if name.endswith("SequenceClassification"):
        return "rerank"
    if "For" in name and not name.endswith("Model"):
        where = str(folder / "config.json")
        raise InputError(f"a {name} gives no vectors and no relevance", where=where, hint="if it does, say --task")
    return "text_embedding"


def _check_labels(folder: Path, config: dict[str, Any]) -> None:
    labels = config.get("id2label")
    if isinstance(labels, dict) and len(labels) > 2:
        raise InputError(
            f"a classifier of {len(labels)} labels is no cross-encoder: that has one, or two (irrelevant, relevant)",
            where=str(folder / "config.json"),
        )


def _pooling(folder: Path, modules: dict[str, Path]) -> Pooling:
    path = modules.get("Pooling", folder / "1_Pooling") / "config.json"
    values = _json(path)
    named = values.get("pooling_mode")
    modes = named if isinstance(named, list) else [named] if named else []
    modes += [name for name, value in values.items() if name.startswith("pooling_mode_") and value is True]
    for mode in modes:
        if mode not in POOLING or len(modes) > 1:
            raise InputError(
                f"pooling by {' and '.join(modes)} is not computed here, known: mean, cls",
                where=str(path),
                hint="export the whole model as ONNX with an output sentence_embedding, and add that file alone",
            )
    return POOLING[modes[0]] if modes else "mean"


def _similarity(folder: Path, modules: dict[str, Path]) -> tuple[bool, Similarity]:
    """Whether vectors are scaled to length 1, and what they are compared with."""
    path = folder / "config_sentence_transformers.json"
    name = _json(path).get("similarity_fn_name") or "cosine"
    normalised = "Normalize" in modules
    if name == "cosine":
        return True, "cosine"
    if name in ("dot", "dot_product"):
        return normalised, "dot_product" if normalised else "max_inner_product"
    if name == "euclidean":
        return normalised, "l2_norm"
    raise InputError(
        f"similarity_fn_name is {name!r}, known: cosine, dot, euclidean",
        where=str(path),
        hint="dense vectors cannot be compared otherwise in Elasticsearch",
    )


def _max_tokens(folder: Path, config: dict[str, Any]) -> int:
    limit = _whole(folder / "config.json", config, "max_position_embeddings") or DEFAULT_MAX_TOKENS
    if config.get("model_type") in OFFSET_POSITIONS:
        limit -= 2
    for file, name in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length")):
        told = _whole(folder / file, _json(folder / file), name)
        if told is not None:
            return min(limit, told)
    return limit


def _prefixes(folder: Path) -> Prefixes:
    path = folder / "config_sentence_transformers.json"
    prompts = _json(path).get("prompts") or {}
    if not isinstance(prompts, dict) or not all(isinstance(prompt, str) for prompt in prompts.values()):
        raise InputError("prompts must map names to texts", where=str(path))
    return Prefixes(search=prompts.get("query", ""), ingest=prompts.get("document") or prompts.get("passage") or "")
