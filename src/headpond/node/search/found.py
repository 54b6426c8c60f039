"""What a search finds before its documents are fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from headpond.node.search.shard import Shard
from headpond.node.store.segment import Bool


class Place(NamedTuple):
    """Where a document is; places order as ties between equal scores are broken: by index, then by age.

    Attributes:
        shard: number of the shard among those of the search.
        doc: ordinal over all segments of the shard, as `Leaf.base` counts.
    """

    shard: int
    doc: int


@dataclass(frozen=True, slots=True)
class Found:
    """One document of the answer.

    Attributes:
        place: where it is.
        score: NaN when it was not computed.
        sort: the values it was sorted by; None when it was sorted by score alone.
    """

    place: Place
    score: float
    sort: tuple[Any, ...] | None = None


Masks = list[list[Bool]]
"""For each shard, for each of its segments bool[max_doc]."""


@dataclass(frozen=True, slots=True)
class Results:
    """The best documents, and which ones match at all.

    Attributes:
        hits: best first.
        matched: the documents that count for the total.
        max_score: the best score over all matching documents; None when none matches or scores were not computed.
        terminated_early: whether `terminate_after` cut the search short; None when it was not given.
        named: for each `_name` the documents that it matches.
        unfiltered: the documents before a `post_filter`, which count for aggregations; None without one.
    """

    hits: list[Found]
    matched: Masks
    max_score: float | None
    terminated_early: bool | None = None
    named: tuple[tuple[str, Masks], ...] = ()
    unfiltered: Masks | None = None

    @property
    def total(self) -> int:
        """How many documents match."""
        return count(self.matched)


def count(masks: Masks) -> int:
    """Documents in the masks."""
    return sum(int(np.count_nonzero(mask)) for shard in masks for mask in shard)


def union(several: list[Masks]) -> Masks:
    """Documents that are in any of the masks."""
    first, *others = several
    return (
        [
            [np.logical_or.reduce([masks[shard][leaf] for masks in several]) for leaf in range(len(first[shard]))]
            for shard in range(len(first))
        ]
        if others
        else first
    )


def empty_masks(shards: list[Shard]) -> Masks:
    """No document."""
    return [[np.zeros(leaf.segment.max_doc, np.bool_) for leaf in shard.leaves] for shard in shards]


def masks_of(shards: list[Shard], hits: list[Found]) -> Masks:
    """Exactly the documents of some hits."""
    masks = empty_masks(shards)
    for hit in hits:
        leaf = shards[hit.place.shard].leaf_number(hit.place.doc)
        masks[hit.place.shard][leaf][hit.place.doc - shards[hit.place.shard].leaves[leaf].base] = True
    return masks
