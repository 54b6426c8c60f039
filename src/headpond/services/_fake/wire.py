"""Reading the fake provider's answers, as strictly as a real one's."""

from __future__ import annotations

from typing import Any

from headpond.inference.results import Ranked, Rerank, Result, SparseEmbedding, SparseVector, TextEmbedding, Usage
from headpond.inference.task_type import TaskType
from headpond.services._http.reading import check_count, floats, items, member


def read(body: Any, task_type: TaskType, usage: Usage) -> Result:
    """The result whose JSON `body` is.

    Raises:
        MalformedError: it is no such result.
    """
    found = items(body, str(task_type), "fake")
    if task_type is TaskType.TEXT_EMBEDDING:
        return TextEmbedding(floats([member(item, "embedding", "fake") for item in found], usage.inputs), usage)
    if task_type is TaskType.SPARSE_EMBEDDING:
        check_count(len(found), usage.inputs)
        return SparseEmbedding(tuple(SparseVector(member(item, "embedding", "fake")) for item in found), usage)
    return Rerank(tuple(Ranked(i["index"], i["relevance_score"], i.get("text")) for i in found), usage)
