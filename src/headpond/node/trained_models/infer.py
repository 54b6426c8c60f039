"""Reads what a trained model is asked, and shows what it answers: `_ml/trained_models/{model_id}/_infer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headpond.errors import RestError
from headpond.inference.body import Body, Members, Reader
from headpond.inference.invalid import status_exception
from headpond.inference.json_position import Path
from headpond.models.vocabulary import Truncate
from headpond.node.trained_models.tokenization import read_tokenization, unknown_name, within
from headpond.node.trained_models.trained_model import TASKS, TrainedModel

PARSER = "cluster:internal/xpack/ml/inference/infer"
DEFAULT_TIMEOUT = "10s"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        docs: the documents; each holds the text in the model's input field.
        task: the key of the request's `inference_config`; None without one.
        text: of a text_similarity, what the documents are compared with.
        kind: the tokenization that is changed for this request; None without one.
        truncate: instead of the model's.
        results_field: instead of the model's.
        timeout: from the body.
    """

    docs: tuple[Mapping[str, Any], ...]
    task: str | None = None
    text: str | None = None
    kind: str | None = None
    truncate: Truncate | None = None
    results_field: str | None = None
    timeout: str | None = None

    @classmethod
    def read(cls, value: Any, raw: bytes) -> Question:
        """Reads a body.

        Raises:
            RestError: 400, with Elasticsearch's texts.
        """
        body = Body(value, raw)
        reader = _Reader(body)
        read = body.object(PARSER, (), value, reader.readers())
        if "docs" not in read:
            raise RestError(400, "illegal_argument_exception", "[docs] must not be null.")
        task, config = read.get("inference_config", (None, {}))
        kind, tokenization = config.get("tokenization", (None, {}))
        return cls(
            docs=read["docs"],
            task=task,
            text=config.get("text"),
            kind=kind,
            truncate=tokenization.get("truncate"),
            results_field=config.get("results_field"),
            timeout=read.get("timeout"),
        )

    def check(self, model: TrainedModel) -> None:
        """Refuses what this model cannot be asked.

        Raises:
            RestError: 400, another task or another kind of tokenization, or the text to compare with is missing.
        """
        if self.task is not None and self.task != model.task:
            reason = f"Inference config of type [{model.task}] can not be updated with a inference request of type"
            raise status_exception(400, f"{reason} [{self.task}]")
        if self.kind is not None and self.kind != model.tokenization.kind:
            reason = (
                f"Tokenization config of type [{model.tokenization.kind}] can not be updated with a request of type"
            )
            raise status_exception(400, f"{reason} [{self.kind}]")
        if model.task == "text_similarity" and self.text is None:
            reason = "please provide configuration update for text_similarity task including the desired [text]"
            raise status_exception(400, reason)

    def texts(self, model: TrainedModel) -> list[str]:
        """The text of each document.

        Raises:
            RestError: 400, a document has none, or something else stands there.
        """
        return [_text(doc, model.field_name) for doc in self.docs]


def shown(values: Sequence[Any], truncated: Sequence[bool], field: str) -> dict[str, Any]:
    """The answer: one result for each document.

    Args:
        values: a vector, a mapping of terms to weights, or a number.
        truncated: whether each text was cut; shown only where it was.
        field: the name of the result.
    """
    results = [
        {field: _shown(value), **({"is_truncated": True} if cut else {})}
        for value, cut in zip(values, truncated, strict=True)
    ]
    return {"inference_results": results}


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {term.replace(".", "__"): np.float32(weight) for term, weight in value.items()}
    return value if isinstance(value, np.ndarray) else np.float32(value)


def _text(doc: Mapping[str, Any], name: str) -> str:
    value: Any = doc.get(name)
    if value is None:
        value = doc
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        raise status_exception(400, f"Input field [{name}] does not exist in the source document")
    if not isinstance(value, str):
        raise status_exception(400, f"Input value [{value}] for field [{name}] must be a string")
    return value


class _Reader(Members):
    def __init__(self, body: Body) -> None:
        super().__init__(body, PARSER)

    def readers(self) -> dict[str, Reader]:
        return {
            "id": self.text,
            "docs": self._docs,
            "timeout": self.text,
            "inference_config": self._config,
        }

    def _docs(self, path: Path, value: Any) -> tuple[dict[str, Any], ...]:
        if isinstance(value, dict):
            return (value,)
        if not isinstance(value, list):
            raise self._body.unsupported(PARSER, path, value)
        return tuple(self.any_object((*path, place), doc) for place, doc in enumerate(value))

    def _config(self, path: Path, value: Any) -> tuple[str, dict[str, Any]]:
        body = self._body
        given = self.any_object(path, value)
        if len(given) != 1:
            reason = "parser for [inference_config] did not end on END_OBJECT"
            raise RestError(400, "illegal_state_exception", reason)
        task, config = next(iter(given.items()))

        def read() -> dict[str, Any]:
            if task not in TASKS:
                raise unknown_name(body, (*path, task))
            members = Members(body, task)
            readers: dict[str, Reader] = {
                "results_field": members.text,
                "tokenization": lambda at, tokenization: read_tokenization(body, at, tokenization, update=True),
            }
            if task == "text_similarity":
                readers |= {"text": members.text, "span_score_combination_function": members.text}
            read = body.object(task, (*path, task), config, readers)
            if task == "text_similarity" and "text" not in read:
                raise RestError(400, "illegal_argument_exception", "[text] must not be null.")
            return read

        inner = lambda: within(body, path, "inference_config", task, read)  # noqa: E731  one level of Elasticsearch's each
        return task, within(body, path[:-1], PARSER, str(path[-1]), inner)
