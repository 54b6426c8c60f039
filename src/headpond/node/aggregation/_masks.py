"""Choosing documents of a scope."""

from __future__ import annotations

from headpond.node.aggregation.base import Scope
from headpond.node.query.base import Query
from headpond.node.search.found import Masks


def matching(scope: Scope, query: Query) -> Masks:
    """Those that a query matches."""
    return [
        [mask & match.mask for mask, match in zip(masks, query.run(shard), strict=True)]
        for shard, masks in zip(scope.shards, scope.masks, strict=True)
    ]


def without(masks: Masks, others: Masks) -> Masks:
    """Those that are not among others."""
    return [[mask & ~other for mask, other in zip(*pair, strict=True)] for pair in zip(masks, others, strict=True)]
