"""Fusing several ranked lists into one: reciprocal rank fusion and weighted sums of normalised scores.

A leg is what one retriever found: `(id, score)` pairs, best first. Ids may be anything hashable. Both fusions
give the scores of Elasticsearch's retrievers `rrf` and `linear` (32-bit floats, added leg by leg), so that a
list fused by a client and one fused by a cluster have the same order.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

Id = TypeVar("Id", bound=Hashable)
Leg = Sequence[tuple[Id, float]]
Float32 = NDArray[np.float32]
Normalizer = Literal["none", "minmax", "l2_norm", "zscore", "atan"]
NORMALIZERS: tuple[Normalizer, ...] = get_args(Normalizer)
ELASTICSEARCH_NORMALIZERS: tuple[Normalizer, ...] = ("none", "minmax", "l2_norm")
"""Those that the `linear` retriever of Elasticsearch knows; the others are computed on the client only."""

RANK_CONSTANT = 60
_NEARLY_EQUAL = 1e-6
_LEAST = np.float32(0.001)


@dataclass(frozen=True, slots=True)
class Fusion(Generic[Id]):
    """A fused list, best first.

    Attributes:
        ids: n ids, each once.
        scores: float32[n].
        contributions: float32[n, legs], what each leg added to the score; 0 where a leg lacks the id.
        ranks: int32[n, legs], the id's place in each leg, from 1; 0 where a leg lacks the id.
    """

    ids: list[Id]
    scores: Float32
    contributions: Float32
    ranks: NDArray[np.int32]

    def pairs(self) -> list[tuple[Id, float]]:
        """The fused list as a leg: `(id, score)` pairs, best first."""
        return list(zip(self.ids, self.scores.tolist(), strict=True))

    def head(self, size: int) -> Fusion[Id]:
        """The first `size` entries."""
        return Fusion(self.ids[:size], self.scores[:size], self.contributions[:size], self.ranks[:size])


def rrf(
    legs: Sequence[Leg[Id]],
    rank_constant: int = RANK_CONSTANT,
    weights: Sequence[float] | None = None,
    *,
    tie: Callable[[Id], Any] | None = None,
) -> Fusion[Id]:
    """Fuses by reciprocal rank: the sum over the legs of `weight / (rank_constant + rank)`, ranks from 1.

    Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
    Learning Methods", SIGIR 2009; Elasticsearch's `rrf` retriever (rank_constant 60).

    Args:
        legs: ranked lists, best first; only the order matters.
        rank_constant: how slowly the share of lower ranks falls, at least 1.
        weights: one for each leg, 1.0 when not given.
        tie: key that orders equal scores, quickest as an int; without one the id that was seen first (leg by leg) comes
            first.

    Raises:
        ValueError: the number of weights is not the number of legs.
    """
    shares = [
        np.float32(weight)
        * (np.float32(1) / np.arange(rank_constant + 1, rank_constant + 1 + len(leg), dtype=np.float32))
        for leg, weight in zip(legs, _weights(legs, weights), strict=True)
    ]
    return _fuse(legs, shares, tie)


def linear(
    legs: Sequence[Leg[Id]],
    weights: Sequence[float] | None = None,
    normalizers: Sequence[Normalizer] | Normalizer = "none",
    *,
    tie: Callable[[Id], Any] | None = None,
) -> Fusion[Id]:
    """Fuses by a weighted sum: `weight * normalised score` over the legs; a leg without the id adds 0.

    Source: Elasticsearch's `linear` retriever.

    Args:
        legs: ranked lists, best first.
        weights: one for each leg, 1.0 when not given.
        normalizers: one for each leg, or one for all.
        tie: key that orders equal scores, quickest as an int; without one the id that was seen first (leg by leg) comes
            first.

    Raises:
        ValueError: weights or normalizers are not as many as the legs, or a normalizer is unknown.
    """
    names = [normalizers] * len(legs) if isinstance(normalizers, str) else list(normalizers)
    if len(names) != len(legs):
        raise ValueError(f"{len(names)} normalizers for {len(legs)} legs")
    shares = [
        np.float32(weight) * normalize(np.fromiter((score for _, score in leg), np.float32, len(leg)), name)
        for leg, weight, name in zip(legs, _weights(legs, weights), names, strict=True)
    ]
    return _fuse(legs, shares, tie)


def normalize(scores: Float32, normalizer: Normalizer) -> Float32:
    """The scores on a common scale, float32[n]; NaN (no score) becomes 0.

    Raises:
        ValueError: the normalizer is unknown.
    """
    if normalizer not in _SCALES:
        raise ValueError(f"unknown normalizer {normalizer!r}, known: {', '.join(sorted(_SCALES))}")
    scores = _SCALES[normalizer](np.asarray(scores, np.float32))
    return np.where(np.isnan(scores), np.float32(0), scores)


def minmax(scores: Float32) -> Float32:
    """Scores moved to 0..1: `(score - min) / (max - min)`; all are 1 when they differ by less than 1e-6.

    Source: Elasticsearch's normalizer `minmax`, since 9.1 (a single hit used to keep its own score).
    """
    scores = np.asarray(scores, np.float32)
    if not len(scores) or np.isnan(scores).all():
        return scores
    low, high = np.nanmin(scores), np.nanmax(scores)
    if abs(high - low) < _NEARLY_EQUAL:
        return np.ones_like(scores)
    scaled: Float32 = (scores - low) / (high - low)
    return scaled


def l2_norm(scores: Float32) -> Float32:
    """Scores divided by their Euclidean length; unchanged when that is below 1e-6.

    Source: Elasticsearch's normalizer `l2_norm`.
    """
    scores = np.asarray(scores, np.float32)
    length = float(np.sqrt(np.nansum(np.square(scores), dtype=np.float64)))
    return scores if length < _NEARLY_EQUAL else (scores / length).astype(np.float32)


def zscore(scores: Float32) -> Float32:
    """Scores in standard deviations above their mean, at least 0.001; all are 1 when they differ by less than 1e-6.

    `max((score - mean) / deviation, 0.001)`, with the deviation of the whole list (divided by n). Outliers at the top
    do not press the others together, as they do with `minmax`. What is below the mean was found all the same: it
    counts a little more than what was not.

    Source: the normalization technique `z_score` of OpenSearch's neural-search plugin, which has the same floor.
    """
    scores = np.asarray(scores, np.float32)
    if not len(scores) or np.isnan(scores).all():
        return scores
    wide = scores.astype(np.float64)
    deviation = float(np.nanstd(wide))
    if deviation < _NEARLY_EQUAL:
        return np.where(np.isnan(scores), scores, np.float32(1))
    scaled: Float32 = ((wide - np.nanmean(wide)) / deviation).astype(np.float32)
    return np.where(np.isnan(scaled), scaled, np.maximum(scaled, _LEAST))


def atan(scores: Float32) -> Float32:
    """Scores bent into 0..1 whatever the others are: the arctangent of each, times `2 / pi`.

    The only one that needs no look at the list: a leg with nothing but weak hits stays weak, and a score means the same
    for every query. Made for BM25; scores that lie in 0..1 already, as those of cosine similarity, hardly change order.

    Source: the hybrid rank profiles of Vespa's BEIR evaluation (`2 * atan(bm25) / pi`).
    """
    scaled: Float32 = (np.arctan(np.asarray(scores, np.float64)) * (2 / math.pi)).astype(np.float32)
    return scaled


_SCALES: dict[str, Callable[[Float32], Float32]] = {
    "none": lambda scores: scores,
    "minmax": minmax,
    "l2_norm": l2_norm,
    "zscore": zscore,
    "atan": atan,
}


def positive(score: float) -> float:
    """`max(score, 0) + min(e^score, 1)`: above 0 for any score, in the same order.

    Source: Elasticsearch's reranking phase (`text_similarity_reranker`), since search scores must not be negative.
    """
    return float(np.float32(max(score, 0.0) + min(math.exp(min(score, 0.0)), 1.0)))


def _weights(legs: Sequence[Any], weights: Sequence[float] | None) -> Sequence[float]:
    if weights is None:
        return [1.0] * len(legs)
    if len(weights) != len(legs):
        raise ValueError(f"{len(weights)} weights for {len(legs)} legs")
    return weights


def _fuse(legs: Sequence[Leg[Id]], shares: list[Float32], tie: Callable[[Id], Any] | None) -> Fusion[Id]:
    rows: defaultdict[Id, int] = defaultdict(count().__next__)  # a new id takes the next row
    names = [[id for id, _ in leg] for leg in legs]
    places = [np.fromiter(map(rows.__getitem__, leg), np.int64, len(leg)) for leg in names]
    ids = list(rows)
    contributions = np.zeros((len(ids), len(legs)), np.float32)
    ranks = np.zeros((len(ids), len(legs)), np.int32)
    scores = np.zeros(len(ids), np.float32)
    for leg, (place, share) in enumerate(zip(places, shares, strict=True)):
        contributions[place, leg] = share
        ranks[place, leg] = np.arange(1, len(place) + 1)
        scores += contributions[:, leg]
    order = _order(scores, None if tie is None else list(map(tie, ids)))
    return Fusion([ids[row] for row in order.tolist()], scores[order], contributions[order], ranks[order])


def _order(scores: Float32, keys: list[Any] | None) -> NDArray[np.intp]:
    """The rows, best first; equal scores by their keys, or as they come."""
    if not keys:
        return np.argsort(-scores, kind="stable")
    if isinstance(keys[0], int):
        return np.lexsort((np.array(keys, np.int64), -scores))
    by_key = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
    return by_key[np.argsort(-scores[by_key], kind="stable")]
