"""What holds for every result, whichever provider it comes from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

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
