"""Reading the fake provider's answers, as strictly as a real one's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from headpond.inference.chunks import Chunk
from headpond.inference.results import (
    Completion,
    Ranked,
    Rerank,
    Result,
    SparseEmbedding,
    SparseVector,
    TextEmbedding,
    Usage,
)
from headpond.inference.task_type import TaskType
from headpond.services._http.events import Event
from headpond.services._http.reading import check_count, floats, items, member
from headpond.services._http.upstream import MalformedError


def read(body: Any, task_type: TaskType, usage: Usage) -> Result:
    """The result whose JSON `body` is.

    Raises:
        MalformedError: it is no such result.
    """
    if task_type in (TaskType.COMPLETION, TaskType.CHAT_COMPLETION):
        return Completion(tuple(member(item, "result", "fake") for item in items(body, "completion", "fake")), usage)
    found = items(body, str(task_type), "fake")
    if task_type is TaskType.TEXT_EMBEDDING:
        return TextEmbedding(floats([member(item, "embedding", "fake") for item in found], usage.inputs), usage)
    if task_type is TaskType.SPARSE_EMBEDDING:
        check_count(len(found), usage.inputs)
        return SparseEmbedding(tuple(SparseVector(member(item, "embedding", "fake")) for item in found), usage)
    return Rerank(tuple(Ranked(i["index"], i["relevance_score"], i.get("text")) for i in found), usage)


def next_chunk(event: Event, chunks: Iterator[Chunk]) -> Chunk:
    """The chunk an event stands for.

    Raises:
        MalformedError: the event is not JSON.
    """
    try:
        orjson.loads(event.data)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"Failed to parse an event of the response: {error.msg}") from None
    return next(chunks)
