"""The body of a perform-inference request, read and checked as Elasticsearch 9.2 does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headpond.inference.body import Body, Members, Reader
from headpond.inference.duration import parse_duration
from headpond.inference.input_type import InputType
from headpond.inference.invalid import validation_failed
from headpond.inference.json_position import Path
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
        return _validated(cls(**_Reader(Body(body, raw)).read()), task_type)

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


class _Reader(Members):
    """Reads the members of a request."""

    def __init__(self, body: Body) -> None:
        super().__init__(body, PARSER)

    def read(self) -> dict[str, Any]:
        readers: Mapping[str, Reader] = {
            "input": self.texts,
            "query": self.text,
            "input_type": self._input_type,
            "task_settings": self.any_object,
            "top_n": self.integer,
            "return_documents": self.flag,
            "timeout": self._timeout,
        }
        read = self._body.object(PARSER, (), self._body.value, readers)
        if "input" not in read:
            raise validation_failed(["Field [input] cannot be null"])
        # Elasticsearch reads a timeout in the body and then lets the query parameter win, given or not.
        read.pop("timeout", None)
        return read

    def _input_type(self, path: Path, value: Any) -> InputType:
        try:
            return InputType.parse(self.text(path, value))
        except ValueError as error:
            raise self.failed(path, str(error)) from None

    def _timeout(self, path: Path, value: Any) -> float:
        try:
            return parse_duration(self.text(path, value), "timeout")
        except ValueError as error:
            raise self.failed(path, str(error)) from None
