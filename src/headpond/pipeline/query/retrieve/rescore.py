"""`rescorer` around a retriever that the client computes: second scores come from one further `_msearch`.

Source: Elasticsearch's query rescorer. A hit that the second query does not match keeps `score * query_weight`; equal
scores are ordered as everywhere. Arithmetic is that of 32-bit floats.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from headpond.errors import TargetError
from headpond.pipeline.query.retrieve.legs import Key, Legs, Pairs, refused
from headpond.pipeline.query.retrieve.options import Rescore
from headpond.pipeline.query.retrieve.tree import Rescorer
from headpond.pipeline.query.searches import Body
from headpond.pipeline.query.vectors import EmbeddingFailed, embed, fill
from headpond.stages.degraded import Degraded
from headpond.stages.response.base import as_json

MOST = 10_000
"""Hits of one search (`index.max_result_window`)."""

_MODES: Mapping[str, Callable[[np.float32, np.float32], np.float32]] = {
    "total": lambda first, second: first + second,
    "multiply": lambda first, second: first * second,
    "avg": lambda first, second: (first + second) / np.float32(2),
    "max": max,
    "min": min,
}


def rescored(node: Rescorer, pairs: Pairs, legs: Legs) -> Pairs | Degraded:
    """The hits in their new order, or why they keep the old one.

    Args:
        node: the rescorer.
        pairs: what its child found.
        legs: asks the target.

    Raises:
        PipelineError: the target refuses a query.
    """
    if not pairs:
        return pairs
    started = time.monotonic()
    try:
        found = _second_scores(node, pairs, legs)
    except TargetError as error:
        return Degraded(node.name, error.message, round((time.monotonic() - started) * 1000))
    order = legs.order()
    for rescore, second in zip(node.rescores, found, strict=True):
        inside = {key for key, _ in pairs[: rescore.window_size]}
        joined = [(key, _joined(rescore, score, second.get(key) if key in inside else None)) for key, score in pairs]
        pairs = sorted(joined, key=lambda pair: (-pair[1], order[pair[0]]))
    return pairs


def _second_scores(node: Rescorer, pairs: Pairs, legs: Legs) -> list[dict[Key, float]]:
    """For each rescorer the scores of the hits that its query matches."""
    queries = [rescore.query.rescore_query for rescore in node.rescores]
    context = legs.context
    for query in queries:
        if wrong := context.models.mismatch(query, context.deadline):
            raise TargetError(wrong)
    vectors = embed(context.inference, queries, context.deadline)
    try:
        filled = [fill(query, vectors) for query in queries]
    except EmbeddingFailed as error:
        if not error.passing:
            raise
        raise TargetError(error.message, transient=True) from None
    only = _only([key for key, _ in pairs])
    bodies = [legs.body(_body(query, only, len(pairs))) for query in filled]
    scores = []
    for answer in context.searches.many(bodies):
        if "error" in answer:
            raise refused(node.name, answer)
        scores.append({(hit["_index"], hit["_id"]): hit["_score"] for hit in answer["hits"]["hits"]})
    return scores


def _body(query: dict[str, Any], only: dict[str, Any], size: int) -> Body:
    body = {"query": {"bool": {"must": [query], "filter": [only]}}, "size": min(size, MOST)}
    return {**body, "_source": False, "track_total_hits": False}


def _only(keys: list[Key]) -> dict[str, Any]:
    """The query that these hits match, and no document of the same id in another index."""
    clauses = []
    for index in dict.fromkeys(index for index, _ in keys):
        ids = [id for own, id in keys if own == index]
        clauses.append({"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": ids}}]}})
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses}}


def _joined(rescore: Rescore, first: float, second: float | None) -> float:
    options = rescore.query
    own = np.float32(first) * np.float32(options.query_weight)
    if second is None:
        return as_json(own)
    return as_json(_MODES[options.score_mode](own, np.float32(second) * np.float32(options.rescore_query_weight)))
