"""The body of a perform-inference request, read and checked as Elasticsearch 9.2 does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.inference.duration import parse_duration
from headpond.inference.input_type import InputType
from headpond.inference.invalid import validation_failed
from headpond.inference.json_position import Path, position
from headpond.inference.task_type import TaskType

PARSER = "cluster:internal/xpack/inference"

PROBE_TEXT = "how big"
"""The text a new endpoint is checked with."""


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """One call of an endpoint.

    Attributes:
        input: texts; the documents for rerank. Never empty; a text may be.
        query: rerank's query.
        input_type: what the texts are for; None when the caller did not say.
        task_settings: settings that override the endpoint's for this call.
        top_n: rerank only, how many documents to return.
        return_documents: rerank only, whether the answer carries the texts.
    """

    input: tuple[str, ...]
    query: str | None = None
    input_type: InputType | None = None
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    top_n: int | None = None
    return_documents: bool | None = None

    @classmethod
    def parse(cls, body: Any, task_type: TaskType, *, raw: bytes | None = None) -> InferenceRequest:
        """Reads and checks a request.

        Args:
            body: the parsed JSON.
            task_type: the type in the path; `TaskType.ANY` leaves out the checks of one type, as Elasticsearch does.
            raw: the bytes `body` was parsed from, for line and column in errors.

        Raises:
            RestError: 400, with Elasticsearch's texts.
        """
        return _validated(cls(**_Reader(body, raw).read()), task_type)

    def require_query(self) -> str:
        """The query of a rerank request.

        Raises:
            RestError: 400, there is none or it is empty.
        """
        _validated(self, TaskType.RERANK)
        assert self.query is not None
        return self.query


def _validated(request: InferenceRequest, task_type: TaskType) -> InferenceRequest:
    problems = []
    if not request.input:
        problems.append("Field [input] cannot be an empty array")
    given = _given(request)
    if task_type is TaskType.RERANK:
        if request.query is None:
            problems.append("Field [query] cannot be null for task type [rerank]")
        elif not request.query:
            problems.append("Field [query] cannot be empty for task type [rerank]")
    for name in _REFUSED.get(task_type, ()):
        if name in given:
            problems.append(f"Field [{name}] cannot be specified for task type [{task_type}]")
    if problems:
        raise validation_failed(problems)
    return request


_REFUSED: Mapping[TaskType, tuple[str, ...]] = {
    TaskType.TEXT_EMBEDDING: ("query", "return_documents", "top_n"),
    TaskType.SPARSE_EMBEDDING: ("query", "return_documents", "top_n", "input_type"),
    TaskType.RERANK: ("input_type",),
    TaskType.COMPLETION: ("return_documents", "top_n", "input_type"),
}


def _given(request: InferenceRequest) -> set[str]:
    names = ("query", "return_documents", "top_n", "input_type")
    return {name for name in names if getattr(request, name) not in (None, InputType.UNSPECIFIED)}


class _Reader:
    """Reads the members one after the other, so that the first error in the text is the one reported."""

    def __init__(self, body: Any, raw: bytes | None) -> None:
        self._body = body
        self._raw = raw
        self._readers: Mapping[str, Callable[[str, Any], Any]] = {
            "input": self._input,
            "query": self._text,
            "input_type": self._input_type,
            "task_settings": self._object,
            "top_n": self._integer,
            "return_documents": self._flag,
            "timeout": self._timeout,
        }

    def read(self) -> dict[str, Any]:
        if not isinstance(self._body, dict):
            raise self._error((), f"Expected START_OBJECT but was: {_token(self._body)}")
        read: dict[str, Any] = {}
        for name, value in self._body.items():
            reader = self._readers.get(name)
            if reader is None:
                raise self._error((name,), f"unknown field [{name}]", of_key=True)
            read[name] = reader(name, value)
        if "input" not in read:
            raise validation_failed(["Field [input] cannot be null"])
        # Elasticsearch reads a timeout in the body and then lets the query parameter win, given or not.
        read.pop("timeout", None)
        return read

    def _input(self, name: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise self._unsupported(name, value)
        return tuple(item if isinstance(item, str) else self._as_text(name, i, item) for i, item in enumerate(value))

    def _as_text(self, name: str, index: int, item: Any) -> str:
        if isinstance(item, bool):
            return "true" if item else "false"
        if isinstance(item, (int, float)):
            return orjson.dumps(item).decode()
        line, column = self._position((name, index))
        reason = f"Expected text at {line}:{column} but found {_token(item)}"
        raise self._failed(name, "illegal_argument_exception", reason, at=(line, column))

    def _text(self, name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise self._unsupported(name, value)
        return value

    def _input_type(self, name: str, value: Any) -> InputType:
        try:
            return InputType.parse(self._text(name, value))
        except ValueError as error:
            raise self._failed(name, "illegal_argument_exception", str(error)) from None

    def _object(self, name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._unsupported(name, value)
        return value

    def _integer(self, name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise self._unsupported(name, value)
        if isinstance(value, float):
            if not value.is_integer():
                reason = f"{value} cannot be converted to Integer without data loss"
                raise self._failed(name, "illegal_argument_exception", reason)
            return int(value)
        try:
            return int(value)
        except ValueError:
            reason = f'For input string: "{value}"'
            raise self._failed(name, "number_format_exception", reason) from None

    def _flag(self, name: str, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise self._unsupported(name, value)
        if value not in ("true", "false"):
            reason = f"Failed to parse value [{value}] as only [true] or [false] are allowed."
            raise self._failed(name, "illegal_argument_exception", reason)
        return value == "true"

    def _timeout(self, name: str, value: Any) -> float:
        try:
            return parse_duration(self._text(name, value), "timeout")
        except ValueError as error:
            raise self._failed(name, "illegal_argument_exception", str(error)) from None

    def _position(self, path: Path, *, of_key: bool = False) -> tuple[int, int]:
        raw = self._raw if self._raw is not None else orjson.dumps(self._body)
        return position(raw.decode(), path, of_key=of_key)

    def _error(self, path: Path, text: str, *, of_key: bool = False) -> RestError:
        line, column = self._position(path, of_key=of_key)
        return RestError(400, "x_content_parse_exception", f"[{line}:{column}] [{PARSER}] {text}")

    def _unsupported(self, name: str, value: Any) -> RestError:
        return self._error((name,), f"{name} doesn't support values of type: {_token(value)}")

    def _failed(self, name: str, type: str, reason: str, *, at: tuple[int, int] | None = None) -> RestError:
        line, column = at or self._position((name,))
        return RestError(
            400,
            "x_content_parse_exception",
            f"[{line}:{column}] [{PARSER}] failed to parse field [{name}]",
            caused_by=RestError(400, type, reason),
        )


def _token(value: Any) -> str:
    """The name Elasticsearch's parser has for a JSON value."""
    if value is None:
        return "VALUE_NULL"
    if isinstance(value, bool):
        return "VALUE_BOOLEAN"
    if isinstance(value, (int, float)):
        return "VALUE_NUMBER"
    if isinstance(value, str):
        return "VALUE_STRING"
    return "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
