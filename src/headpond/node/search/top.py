"""Choosing the best documents of a search."""

from __future__ import annotations

import numpy as np

from headpond.node.scoring.match import Match
from headpond.node.search.found import Found, Place
from headpond.node.search.shard import Shard
from headpond.node.store.segment import Float32, Int64


def best_by_score(shards: list[Shard], found: list[list[Match]], size: int) -> list[Found]:
    """The `size` best documents; equal scores are ordered by shard, then by document.

    Args:
        shards: where to look.
        found: for each shard, for each of its segments what matches.
        size: how many.
    """
    scores, numbers, docs = [np.zeros(0, np.float32)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for number, (shard, matches) in enumerate(zip(shards, found, strict=True)):
        for leaf, match in zip(shard.leaves, matches, strict=True):
            ordinals = np.flatnonzero(match.mask)
            scores.append(match.scores[ordinals])
            docs.append(ordinals + leaf.base)
            numbers.append(np.full(len(ordinals), number, np.int64))
    all_scores, all_numbers, all_docs = np.concatenate(scores), np.concatenate(numbers), np.concatenate(docs)
    best = first_of_largest(all_scores, size)
    return [
        Found(Place(number, doc), score)
        for number, doc, score in zip(
            all_numbers[best].tolist(), all_docs[best].tolist(), all_scores[best].tolist(), strict=True
        )
    ]


def first_of_largest(values: Float32, size: int) -> Int64:
    """int64[<= size]: positions of the largest values, largest first, equal ones in their order."""
    if size <= 0:
        return np.zeros(0, np.int64)
    candidates = np.arange(len(values))
    if size < len(values):
        threshold = np.partition(values, len(values) - size)[len(values) - size]
        above = np.flatnonzero(values > threshold)
        equal = np.flatnonzero(values == threshold)[: size - len(above)]
        candidates = np.sort(np.concatenate([above, equal]))
    order: Int64 = candidates[np.argsort(-values[candidates], kind="stable")]
    return order
