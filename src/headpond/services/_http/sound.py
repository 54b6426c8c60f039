"""What holds for every result, whichever provider it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from headpond.inference.chunks import Chunk, Deltas
from headpond.inference.results import Completion, Rerank, SparseEmbedding, TextEmbedding

LARGEST = float(np.finfo(np.float32).max)
"""Weights and scores are answered as float32; a larger one would become infinite, and JSON has no such number."""


def problem(result: object) -> str | None:
    """Why a result cannot be passed on: too few or too many of them, or no numbers; None when all is well.

    How many documents a ranking is to hold only its reader knows; none of them comes twice.
    """
    if isinstance(result, TextEmbedding | SparseEmbedding):
        got, wanted = len(result.vectors), result.usage.inputs
        if got != wanted:
            return f"Error the number of embedding responses [{got}] does not equal the number of requests [{wanted}]"
    if isinstance(result, TextEmbedding):
        sound = bool(np.isfinite(result.vectors).all())
    elif isinstance(result, SparseEmbedding):
        sound = _finite(weight for vector in result.vectors for weight in vector.weights.values())
    elif isinstance(result, Rerank):
        found, documents = len(result.ranked), len({item.index for item in result.ranked})
        if documents < found or not found:
            return f"The ranking holds [{found}] results about [{documents}] of [{result.usage.inputs}] documents"
        sound = _finite(item.relevance_score for item in result.ranked)
    else:
        return "The completion holds no text" if isinstance(result, Completion) and not result.texts else None
    return None if sound else "The response holds a value that is no number of 32 bits"


def _finite(values: Iterable[float]) -> bool:
    return all(abs(value) <= LARGEST for value in values)  # false for what is not a number, too


def chunk_problem(chunk: Chunk) -> str | None:
    """Why a piece of a stream cannot be passed on: a member is not what clients take it for; None when all is well."""
    if isinstance(chunk, Deltas):
        return None if all(isinstance(text, str) for text in chunk.texts) else "A piece of the completion is not a text"
    wrong = [name for choice in chunk.choices for name in _wrong(choice)]
    wrong += [name for name, count in (chunk.usage or {}).items() if type(count) is not int]
    return f"Field [{wrong[0]}] of a chunk of the response has a value of another type" if wrong else None


def _wrong(choice: Mapping[str, Any]) -> Iterable[str]:
    delta = choice["delta"]
    yield from (name for name in ("content", "refusal", "role") if not isinstance(delta.get(name, ""), str))
    calls = delta.get("tool_calls", [])
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        yield "tool_calls"
    if not isinstance(choice.get("finish_reason", ""), str):
        yield "finish_reason"
    if type(choice.get("index", 0)) is not int:
        yield "index"
