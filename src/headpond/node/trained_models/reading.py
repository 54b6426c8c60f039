"""Reads the body of `PUT _ml/trained_models/{model_id}`, with the errors of Elasticsearch's parsers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.inference.body import Body, Members, Reader, token
from headpond.inference.invalid import not_implemented, status_exception, validation_failed
from headpond.inference.json_position import Path
from headpond.models.card import Prefixes
from headpond.models.vocabulary import Tokenization
from headpond.node.trained_models.tokenization import read_tokenization, tokenization_of, unknown_name, within
from headpond.node.trained_models.trained_model import TASKS, TrainedModel

PARSER = "trained_model_config"
LONGEST_ID = 64
_ID = re.compile(r"[a-z0-9](?:[a-z0-9_\-.]*[a-z0-9])?")

MISSING_TASKS = (
    "classification", "fill_mask", "learning_to_rank", "ner", "pass_through", "question_answering", "regression",
    "text_classification", "zero_shot_classification",
)  # fmt: skip

_ILLEGAL = ("version", "created_by", "create_time", "license_level", "location")
_DEFINITIONS = ("definition", "compressed_definition", "default_field_map")


def read_model(model_id: str, key: str, body: Any, raw: bytes | None = None) -> TrainedModel:
    """The model that a body describes.

    Args:
        model_id: from the path.
        key: a new name for its files.
        body: the parsed JSON.
        raw: the bytes it was parsed from, for line and column in errors.

    Raises:
        RestError: 400, with Elasticsearch's texts; 501, another kind of model or of task than is run here.
    """
    read = _Reader(Body(body, raw)).read()
    given = read.get("model_id")
    if given is not None and given != model_id:
        reason = f"Inconsistent model_id; '{given}' specified in the body differs from '{model_id}'"
        raise RestError(400, "illegal_argument_exception", f"{reason} specified as a URL argument")
    _check(model_id, read)
    task, config = read["inference_config"]
    if read["model_type"] != "pytorch":
        raise not_implemented(f"the model type [{read['model_type']}]")
    return TrainedModel(
        model_id=model_id,
        task=task,
        tokenization=config.get("tokenization") or Tokenization("bert"),
        key=key,
        create_time=time.time_ns() // 1_000_000,
        field_name=read.get("input", ("input",))[0],
        prefixes=Prefixes(**read.get("prefix_strings", {})),
        description=read.get("description"),
        tags=read.get("tags", ()),
        metadata=read.get("metadata"),
        platform_architecture=read.get("platform_architecture"),
        embedding_size=config.get("embedding_size"),
        results_field=config.get("results_field"),
        span_function=config.get("span_score_combination_function", "max"),
        model_size_bytes=read.get("model_size_bytes", 0),
    )


def valid_id(name: str) -> bool:
    """Whether Elasticsearch takes this as the id of a model or a deployment, or as a tag."""
    return bool(_ID.fullmatch(name)) and len(name) <= LONGEST_ID


def _check(model_id: str, read: Mapping[str, Any]) -> None:
    """Refuses what belongs together and does not fit; all problems in one answer."""
    problems = []
    if "model_type" not in read:
        problems.append("[model_type] must be set if [definition] is not defined.")
    if "inference_config" not in read:
        problems.append("[inference_config] must not be null.")
    if not _ID.fullmatch(model_id):
        rule = "can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores"
        problems.append(f"Invalid model_id; '{model_id}' {rule}; must start and end with alphanumeric")
    if len(model_id) > LONGEST_ID:
        problems.append(f"Invalid model_id; '{model_id}' cannot contain more than {LONGEST_ID} characters.")
    bad = [tag for tag in read.get("tags", ()) if not valid_id(tag)]
    if bad:
        rule = "hyphens or underscores, must start and end with alphanumeric, and must be less than 64 characters."
        problems.append(
            f"Invalid tags [{', '.join(bad)}]; must only can contain lowercase alphanumeric (a-z and 0-9), {rule}"
        )
    if model_id in read.get("tags", ()):
        problems.append("none of the tags must equal the model_id")
    if "input" in read and not read["input"]:
        problems.append("[input.field_names] must not be empty")
    problems += [f"illegal to set [{name}] at inference model creation" for name in _ILLEGAL if name in read]
    if problems:
        raise validation_failed(problems)


class _Reader(Members):
    def __init__(self, body: Body) -> None:
        super().__init__(body, PARSER)

    def read(self) -> dict[str, Any]:
        readers: dict[str, Reader] = {
            "model_id": self.text,
            "model_type": self._model_type,
            "description": self.text,
            "tags": self._texts,
            "metadata": self.any_object,
            "input": self._input,
            "inference_config": self._inference_config,
            "prefix_strings": self._prefixes,
            "platform_architecture": self.text,
            "model_size_bytes": self._size,
            "estimated_operations": self.integer,
            **dict.fromkeys(_ILLEGAL, self._kept),
            **dict.fromkeys(_DEFINITIONS, self._definition),
        }
        return self._body.object(PARSER, (), self._body.value, readers)

    def _kept(self, path: Path, value: Any) -> Any:
        return value

    def _definition(self, path: Path, value: Any) -> Any:
        raise not_implemented(f"a model with a [{path[-1]}] (trees and the like)")

    def _model_type(self, path: Path, value: Any) -> str:
        name = self.text(path, value)
        if name.lower() not in ("pytorch", "tree_ensemble", "lang_ident"):
            known = "org.elasticsearch.xpack.core.ml.inference.TrainedModelType"
            raise self.failed(path, f"No enum constant {known}.{name.upper()}")
        return name.lower()

    def _texts(self, path: Path, value: Any) -> tuple[str, ...]:
        values = value if isinstance(value, list) else [value]
        return tuple(self.text((*path, place), item) for place, item in enumerate(values))

    def _input(self, path: Path, value: Any) -> tuple[str, ...]:
        parser = "trained_model_config_input"
        read = self._body.object(parser, path, value, {"field_names": self._texts})
        names: tuple[str, ...] = read.get("field_names", ())
        if len(names) > 1:
            raise not_implemented("a model with several input fields")
        return names

    def _prefixes(self, path: Path, value: Any) -> dict[str, str]:
        parser = "trained_model_config_prefix_strings"
        return self._body.object(parser, path, value, {"ingest": self.text, "search": self.text})

    def _size(self, path: Path, value: Any) -> int:
        size = self.integer(path, value)
        if size < 0:
            reason = "[model_size_bytes] must be greater than or equal to 0"
            raise RestError(400, "illegal_argument_exception", reason)
        return size

    def _inference_config(self, path: Path, value: Any) -> tuple[str, dict[str, Any]]:
        body = self._body
        if not isinstance(value, dict):
            raise body.unsupported(PARSER, path, value)
        if len(value) > 1:
            reason = "parser for [inference_config] did not end on END_OBJECT"
            raise RestError(400, "illegal_state_exception", reason)
        task = next(iter(value), "inference_config")
        if task in MISSING_TASKS:
            raise not_implemented(f"the task [{task}] of trained models")
        at = (*path, task) if value else path
        if task not in TASKS:
            line, column = body.position(at, of_key=True)
            error = body.failed("inference_config", at, unknown_name(body, at), at=(line, column))
            raise body.failed(PARSER, path, error, at=(line, column))
        return task, within(body, path[:-1], PARSER, str(path[-1]), lambda: self._config(path, task, value[task]))

    def _config(self, path: Path, task: str, value: Any) -> dict[str, Any]:
        body = self._body
        members = Members(body, task)
        readers: dict[str, Reader] = {
            "tokenization": lambda at, given: self._tokenization(task, at, given),
            "results_field": members.text,
            "vocabulary": lambda at, given: _illegal_vocabulary(),
        }
        if task == "text_embedding":
            readers["embedding_size"] = _embedding_size(members)
        if task == "text_similarity":
            readers["span_score_combination_function"] = members.text
        return within(body, path, "inference_config", task, lambda: body.object(task, (*path, task), value, readers))

    def _tokenization(self, task: str, path: Path, value: Any) -> Tokenization:
        body = self._body

        def read() -> Tokenization:
            if not isinstance(value, dict):
                raise RestError(400, "illegal_argument_exception", f"[tokenization] is no object: {token(value)}")
            return tokenization_of(*read_tokenization(body, path, value))

        return within(body, path[:-1], task, "tokenization", read)


def _illegal_vocabulary() -> None:
    raise status_exception(400, "illegal setting [vocabulary] on inference model creation")


def _embedding_size(members: Members) -> Reader:
    def read(path: Path, value: Any) -> int:
        size = members.integer(path, value)
        if size < 1:
            reason = f"[embedding_size] must be a number greater than 0; configured size [{size}]"
            raise status_exception(400, reason)
        return size

    return read
