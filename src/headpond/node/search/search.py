"""A whole search: from the request to the answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.node.aggregation.base import Scope, answers
from headpond.node.query.base import parse_query
from headpond.node.query.bool import Bool
from headpond.node.retriever._context import Context
from headpond.node.retriever.base import LeafRetriever, Retriever
from headpond.node.scoring.match import single
from headpond.node.search.failed import search_failed
from headpond.node.search.fetch import Fetch
from headpond.node.search.found import Found, Masks, Results, count, masks_of
from headpond.node.search.inner_hits import InnerQuery
from headpond.node.search.json import Json
from headpond.node.search.leaf_search import LeafSearch
from headpond.node.search.request import SearchRequest
from headpond.node.search.rescore import window_of
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard

if TYPE_CHECKING:
    from headpond.node.inference import Inference
    from headpond.node.store.index import Index

MOST_HITS = 10_000


@dataclass(frozen=True, slots=True)
class Searcher:
    """Answers searches of one node.

    Attributes:
        inference: the node's endpoints, for queries that need them.
    """

    inference: Inference

    def search(self, indices: Sequence[Index], request: SearchRequest) -> dict[str, Any]:
        """The answer of `_search`.

        Args:
            indices: where to look; the order of their names breaks ties.
            request: what is asked.

        Raises:
            RestError: 400, the request does not hold together or does not suit a mapping.
        """
        started = time.monotonic()
        request.check()
        shards = open_shards(indices, request.size, Deadline.after(request.timeout))
        for shard in shards:
            fitting = (factor for name, factor in request.indices_boost.items() if fnmatchcase(shard.index.name, name))
            shard.boost = next(fitting, 1.0)
        rewriter = Rewriter(self.inference)
        phase = "dfs" if request.knn else "query"
        try:
            results, inner = self._results(shards, request, rewriter)
            hits = results.hits[request.from_ : request.from_ + request.hits_wanted]
            shown = Fetch(shards, request, results.named, inner).hits(hits)
            aggregations = self._aggregations(shards, request, results, rewriter)
        except RestError as error:
            raise search_failed(error, shards, phase) from error
        answer = self._answer(request, shards, results, shown, started)
        return {**answer, "aggregations": aggregations} if request.aggs and shards else answer

    def count(self, indices: Sequence[Index], request: SearchRequest) -> dict[str, Any]:
        """The answer of `_count`.

        Raises:
            RestError: 400, the query does not suit a mapping.
        """
        shards = open_shards(indices, 0)
        try:
            found = LeafSearch(
                query=request.query, min_score=request.min_score, terminate_after=request.terminate_after
            )
            matched = found.rewrite(Rewriter(self.inference)).run(shards, 0).matched
        except RestError as error:
            raise search_failed(error, shards) from error
        return {"count": count(matched), "_shards": shards_summary(shards)}

    def _results(
        self, shards: list[Shard], request: SearchRequest, rewriter: Rewriter
    ) -> tuple[Results, list[InnerQuery]]:
        window = request.from_ + request.hits_wanted
        check_windows(request, window, shards)
        if request.retriever is None:
            search = request.leaf().rewrite(rewriter)
            return search.run(shards, window), search.inner(shards)
        retriever = request.retriever.rewrite(rewriter)
        if isinstance(retriever, LeafRetriever):
            search = replace(retriever.search(), track_scores=request.track_scores, collapse=request.collapse)
            if request.min_score is not None:
                search = replace(search, min_score=request.min_score)
            if request.post_filter is not None:
                search = replace(search, post_filter=request.post_filter.rewrite(rewriter))
            return search.run(shards, window), search.inner(shards)
        return self._of_compound(retriever, shards, request, rewriter), retriever.inner(shards)

    def _aggregations(
        self, shards: list[Shard], request: SearchRequest, results: Results, rewriter: Rewriter
    ) -> dict[str, Any]:
        if not request.aggs:
            return {}
        scope = Scope(shards, results.unfiltered or results.matched, request.typed_keys)
        return answers(tuple(one.rewrite(rewriter) for one in request.aggs), scope)

    def _of_compound(
        self, retriever: Retriever, shards: list[Shard], request: SearchRequest, rewriter: Rewriter
    ) -> Results:
        results = retriever.run(Context(shards, rewriter), MOST_HITS)
        hits, matched = results.hits, results.matched
        if request.post_filter is not None:
            query = request.post_filter.rewrite(rewriter)
            kept = [[match.mask for match in query.run(shard)] for shard in shards]
            matched = [
                [mask & other for mask, other in zip(*pair, strict=True)] for pair in zip(matched, kept, strict=True)
            ]
            hits = [hit for hit in hits if is_in(shards, kept, hit)]
        if request.min_score is not None:
            hits = [hit for hit in hits if hit.score >= single(request.min_score)]
            matched = masks_of(shards, hits)
        unfiltered = results.matched if request.post_filter is not None else None
        return replace(results, hits=hits, matched=matched, unfiltered=unfiltered)

    def _answer(
        self,
        request: SearchRequest,
        shards: list[Shard],
        results: Results,
        hits: list[dict[str, Any]],
        started: float,
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {"pit_id": request.pit.id} if request.pit is not None else {}
        answer |= {
            "took": int((time.monotonic() - started) * 1000),
            "timed_out": any(shard.left_out for shard in shards),
        }
        # Elasticsearch says so too when it counts everything and shows nothing.
        counts_only = request.track_total_hits is True and not request.hits_wanted
        if results.terminated_early is not None or counts_only:
            answer["terminated_early"] = bool(results.terminated_early)
        answer["_shards"] = shards_summary(shards)
        best = results.max_score if request.hits_wanted else None
        shown: dict[str, Any] = {"max_score": 0.0 if not shards else None if best is None else np.float32(best)}
        if request.track_total_hits is not False:
            shown = {"total": total(results.total, request.track_total_hits), **shown}
        answer["hits"] = {**shown, "hits": hits}
        return answer


def open_shards(indices: Sequence[Index], size: int, deadline: Deadline | None = None) -> list[Shard]:
    """A snapshot of each index; the order of names breaks ties between equal scores, as in Elasticsearch."""
    now = int(time.time() * 1000)
    shards = []
    for number, index in enumerate(sorted(indices, key=lambda index: index.name)):
        shard = Shard(index, number, now, size, deadline)
        if index.alias_filters:
            filters = [parse_query(Json(body)) for body in index.alias_filters]
            shard.alias_filter = Bool(should=tuple(filters), minimum_should_match="1")
        shards.append(shard)
    return shards


def check_windows(request: SearchRequest, window: int, shards: list[Shard]) -> None:
    """Checks how many hits are asked for, and what is asked of rescorers.

    Raises:
        RestError: 400, a window is larger than an index allows, or there are sort keys beside rescorers.
    """
    most = min((shard.limit("max_result_window", MOST_HITS) for shard in shards), default=MOST_HITS)
    if window > most:
        raise RestError(400, "illegal_argument_exception", too_large(window, most))
    if request.rescore and request.sort:
        reason = "Cannot use [sort] option in conjunction with [rescore]."
        raise RestError(400, "illegal_argument_exception", reason)
    window = window_of(request.rescore)
    most = min((shard.limit("max_rescore_window", most) for shard in shards), default=most)
    if window > most:
        reason = (
            f"Rescore window [{window}] is too large. It must be less than [{most}]. This prevents allocating "
            "massive heaps for storing the results to be rescored. This limit can be set by changing the "
            "[index.max_rescore_window] index level setting."
        )
        raise RestError(400, "illegal_argument_exception", reason)


def is_in(shards: list[Shard], masks: Masks, hit: Found) -> bool:
    """Whether a hit is in the masks."""
    shard = shards[hit.place.shard]
    leaf = shard.leaf_number(hit.place.doc)
    return bool(masks[hit.place.shard][leaf][hit.place.doc - shard.leaves[leaf].base])


def shards_summary(shards: list[Shard]) -> dict[str, int]:
    """The `_shards` of an answer."""
    return {"total": len(shards), "successful": len(shards), "skipped": 0, "failed": 0}


def total(found: int, tracked: bool | int) -> dict[str, Any]:
    """The `total` of an answer: exact up to the number that is tracked."""
    if tracked is not True and found > tracked:
        return {"value": int(tracked), "relation": "gte"}
    return {"value": found, "relation": "eq"}


def too_large(window: int, most: int) -> str:
    """The reason for refusing a window."""
    return (
        f"Result window is too large, from + size must be less than or equal to: [{most}] but was [{window}]. See "
        "the scroll api for a more efficient way to request large data sets. This limit can be set by changing the "
        "[index.max_result_window] index level setting."
    )
