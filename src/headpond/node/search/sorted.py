"""Ordering documents by sort keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

import numpy as np

from headpond.node.scoring.match import Match
from headpond.node.search.found import Found, Place
from headpond.node.search.shard import Leaf, Shard
from headpond.node.search.sort import SortKey
from headpond.node.search.sort_column import SortColumn, sort_column
from headpond.node.store.segment import Bool, Int64


@dataclass(frozen=True, slots=True)
class _Segment:
    leaf: Leaf
    docs: Int64
    columns: list[SortColumn]

    def kept(self, rows: Int64) -> _Segment:
        return _Segment(self.leaf, self.docs[rows], [column.kept(rows) for column in self.columns])


def best_by_sort(
    shards: list[Shard],
    found: list[list[Match]],
    keys: Sequence[SortKey],
    size: int,
    *,
    after: Sequence[Any] | None = None,
    with_scores: bool = False,
) -> list[Found]:
    """The first `size` documents in the order of the keys; equal ones by shard, then by document.

    Args:
        shards: where to look.
        found: for each shard, for each of its segments what matches.
        keys: at least one.
        size: how many.
        after: sort values of a document; only what comes behind it counts.
        with_scores: whether the scores are wanted; else they are NaN.

    Raises:
        RestError: 400, a field cannot be sorted by, or `after` does not suit the keys.
    """
    candidates: list[Found] = []
    for number, (shard, matches) in enumerate(zip(shards, found, strict=True)):
        for leaf, match in zip(shard.leaves, matches, strict=True):
            docs = np.flatnonzero(match.mask)
            segment = _Segment(leaf, docs, [sort_column(shard, leaf, match, docs, key) for key in keys])
            if after is not None:
                segment = segment.kept(np.flatnonzero(_behind(segment.columns, after)))
            order = np.lexsort([column.keys for column in reversed(segment.columns)])[:size]
            segment = segment.kept(order)
            scores = match.scores[segment.docs].tolist() if with_scores else [float("nan")] * len(order)
            values = zip(*(column.shown() for column in segment.columns), strict=True)
            places = (Place(number, doc) for doc in (segment.docs + leaf.base).tolist())
            candidates += [Found(*entry) for entry in zip(places, scores, values, strict=True)]

    def order_of(left: Found, right: Found) -> int:
        return _compare(left, right, keys)

    return sorted(candidates, key=cmp_to_key(order_of))[:size]


def _behind(columns: list[SortColumn], after: Sequence[Any]) -> Bool:
    """bool[n]: the documents that come after the given values."""
    rows = len(columns[0].keys)
    behind, equal = np.zeros(rows, np.bool_), np.ones(rows, np.bool_)
    for column, value in zip(columns, after, strict=True):
        bound = column.key_of(value)
        behind |= equal & (column.keys > bound)
        equal &= column.keys == bound
    return behind


def _compare(left: Found, right: Found, keys: Sequence[SortKey]) -> int:
    for key, one, other in zip(keys, left.sort or (), right.sort or (), strict=True):
        if one == other:
            continue
        if one is None or other is None:
            return -1 if (one is None) == (key.missing == "_first") else 1
        return -1 if (one < other) != key.descending else 1
    return -1 if left.place < right.place else 1


def shown_values(values: Sequence[Any]) -> list[Any]:
    """Sort values for the answer: JSON has no infinity, so Elasticsearch writes it as text."""
    return [_shown(value) for value in values]


def _shown(value: Any) -> Any:
    if isinstance(value, float | np.floating) and np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
