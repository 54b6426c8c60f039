"""Which documents of a segment match, and with which score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from headpond.node.store.segment import Bool, Float32


def single(value: float) -> np.float32:
    """The nearest 32-bit float, infinite where there is none."""
    with np.errstate(over="ignore"):
        return np.float32(value)


@dataclass(frozen=True, slots=True)
class Match:
    """What a query finds in one segment, deleted documents included.

    Attributes:
        mask: bool[max_doc].
        scores: float32[max_doc], 0 where the mask is False.
    """

    mask: Bool
    scores: Float32

    def times(self, boost: float) -> Match:
        """The same documents, scores multiplied."""
        return self if boost == 1 else Match(self.mask, self.scores * np.float32(boost))

    def within(self, mask: Bool) -> Match:
        """Only the documents that are in the other mask too."""
        return Match(self.mask & mask, np.where(mask, self.scores, np.float32(0)))


def constant(mask: Bool, score: float = 1.0) -> Match:
    """Every document of the mask with one score."""
    return Match(mask, mask.astype(np.float32) if score == 1 else mask * np.float32(score))


def nothing(size: int) -> Match:
    """No document."""
    return Match(np.zeros(size, np.bool_), np.zeros(size, np.float32))


def everything(size: int, score: float = 1.0) -> Match:
    """Every document with one score."""
    return constant(np.ones(size, np.bool_), score)


def boolean(
    size: int,
    *,
    must: Sequence[Match] = (),
    filter: Sequence[Bool] = (),
    should: Sequence[Match] = (),
    must_not: Sequence[Bool] = (),
    minimum_should_match: int = 0,
) -> Match:
    """A boolean query: the scores of `must` and of the matching `should` add up, in 64 bits as in Lucene.

    Args:
        size: documents of the segment.
        must: all have to match.
        filter: all have to match, without a score.
        should: at least `minimum_should_match` have to match.
        must_not: none may match.
        minimum_should_match: how many of `should`; above their number nothing matches.
    """
    mask = _all([*(clause.mask for clause in must), *filter], size)
    total = np.zeros(size, np.float64)
    for clause in (*must, *should):
        total += clause.scores
    if minimum_should_match > 0:
        mask &= _at_least([clause.mask for clause in should], minimum_should_match, size)
    for excluded in must_not:
        mask &= ~excluded
    return Match(mask, np.where(mask, total, 0).astype(np.float32))


def dis_max(size: int, clauses: Sequence[Match], tie_breaker: float = 0.0) -> Match:
    """The best clause's score, plus `tie_breaker` times the others'."""
    if not clauses:
        return nothing(size)
    best = np.maximum.reduce([clause.scores for clause in clauses])
    mask = np.logical_or.reduce([clause.mask for clause in clauses])
    if tie_breaker:
        total = np.add.reduce([clause.scores for clause in clauses], dtype=np.float64)
        best = (best + (total - best) * np.float32(tie_breaker)).astype(np.float32)
    return Match(mask, best)


def combine(leaves: int, clauses: Iterable[list[Match]], join: Callable[[list[Match]], Match]) -> list[Match]:
    """Joins the clauses of each segment: `clauses[i][s]` is what clause i finds in segment s."""
    found = list(clauses)
    return [join([clause[segment] for clause in found]) for segment in range(leaves)]


def _all(masks: Sequence[Bool], size: int) -> Bool:
    if not masks:
        return np.ones(size, np.bool_)
    result = masks[0].copy()
    for mask in masks[1:]:
        result &= mask
    return result


def _at_least(masks: Sequence[Bool], count: int, size: int) -> Bool:
    if count > len(masks):
        return np.zeros(size, np.bool_)
    if count == 1:
        return np.asarray(np.logical_or.reduce(masks))
    counts = np.zeros(size, np.int32)
    for mask in masks:
        counts += mask
    return counts >= count
