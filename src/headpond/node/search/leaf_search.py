"""One search over the shards: queries, knn sections, filters, order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headpond.errors import RestError
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match, boolean, combine, everything, nothing, single
from headpond.node.search.collapse import Collapse
from headpond.node.search.found import Found, Masks, Results
from headpond.node.search.inner_hits import InnerQuery, checked
from headpond.node.search.knn_section import KnnSection
from headpond.node.search.rescore import Rescore, window_of
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard
from headpond.node.search.sliced import Slice
from headpond.node.search.sort import SortKey
from headpond.node.search.sorted import best_by_sort
from headpond.node.search.top import best_by_score


@dataclass(frozen=True, kw_only=True)
class LeafSearch:
    """What a search without fusion asks for.

    Attributes:
        query: what is searched; without it and without knn sections, everything.
        knn: neighbours that count as well; the scores add up.
        filters: queries that every document has to match, without a score.
        post_filter: a filter that the total respects and aggregations do not.
        min_score: the least score.
        sort: keys to order by; by score when there are none.
        search_after: sort values of the document to go on behind.
        track_scores: whether scores are wanted although the order is another.
        rescores: second scorings.
        terminate_after: documents to look at in each shard, 0 for all.
        part: the part of the documents to look at; None for all.
        collapse: the field of which each value comes once; None for all documents.
    """

    query: Query | None = None
    knn: tuple[KnnSection, ...] = ()
    filters: tuple[Query, ...] = ()
    post_filter: Query | None = None
    min_score: float | None = None
    sort: tuple[SortKey, ...] = ()
    search_after: tuple[Any, ...] | None = None
    track_scores: bool = False
    rescores: tuple[Rescore, ...] = ()
    terminate_after: int = 0
    part: Slice | None = None
    collapse: Collapse | None = None

    def rewrite(self, rewriter: Rewriter) -> LeafSearch:
        """The search with what inference endpoints have to say."""
        return replace(
            self,
            query=self.query.rewrite(rewriter) if self.query else None,
            knn=tuple(section.rewrite(rewriter) for section in self.knn),
            filters=tuple(query.rewrite(rewriter) for query in self.filters),
            post_filter=self.post_filter.rewrite(rewriter) if self.post_filter else None,
            rescores=tuple(rescore.rewrite(rewriter) for rescore in self.rescores),
        )

    def run(self, shards: list[Shard], size: int) -> Results:
        """The `size` best documents.

        Raises:
            RestError: 400, the search does not suit the mapping.
        """
        found = self._matches(shards)
        unfiltered = None
        if self.post_filter is not None:
            unfiltered = [[match.mask for match in matches] for matches in found]
            found = _filtered(shards, found, self.post_filter)
        matched = [[match.mask for match in matches] for matches in found]
        terminated = self._cut(found) if self.terminate_after else None
        if terminated:
            matched = [[match.mask for match in matches] for matches in found]
        self._check_after()
        if self.collapse is not None:
            self.collapse.check(shards, matched, self.sort, self.search_after)
        named = tuple(self._named(shards))
        if self.sort:
            scored = self.track_scores or any(key.field == "_score" for key in self.sort)
            hits = self._groups(
                shards,
                matched,
                lambda most: best_by_sort(shards, found, self.sort, most, after=self.search_after, with_scores=scored),
                size,
            )
            best = _max_score(found) if self.track_scores else None
            return Results(hits, matched, best, terminated, named, unfiltered)
        if self.search_after is not None:
            raise RestError(400, "illegal_argument_exception", "Sort must contain at least one field.")
        hits = self._groups(
            shards, matched, lambda most: best_by_score(shards, found, most), max(size, window_of(self.rescores))
        )
        for rescore in self.rescores:
            hits = rescore.run(shards, hits)
        best = max((hit.score for hit in hits), default=None) if self.rescores else _max_score(found)
        return Results(hits[:size], matched, best, terminated, named, unfiltered)

    def _groups(
        self, shards: list[Shard], matched: Masks, rank: Callable[[int], list[Found]], size: int
    ) -> list[Found]:
        """The best documents, or the best one of each group."""
        return rank(size) if self.collapse is None else self.collapse.best(shards, matched, rank, size)

    def inner(self, shards: list[Shard]) -> list[InnerQuery]:
        """The queries whose nested objects are to be shown.

        Raises:
            RestError: 400, two have the same key, or a window is too large.
        """
        if not shards:
            return []
        found = list(self.query.inner()) if self.query is not None else []
        return checked([*found, *(query for section in self.knn for query in section.inner(shards))])

    def _named(self, shards: list[Shard]) -> Iterator[tuple[str, Masks]]:
        for query in (self.query, self.post_filter, *self.filters):
            for name, clause in query.named() if query is not None else ():
                yield name, [[match.mask for match in clause.run(shard)] for shard in shards]
        for section in self.knn:
            if section.query.name is not None and section.inner_hits is None:
                found = section.run(shards)
                yield section.query.name, [[match.mask for match in matches] for matches in found]

    def _check_after(self) -> None:
        if self.search_after is not None and self.sort and len(self.search_after) != len(self.sort):
            reason = f"search_after has {len(self.search_after)} value(s) but sort has {len(self.sort)}."
            raise RestError(400, "illegal_argument_exception", reason)

    def _matches(self, shards: list[Shard]) -> list[list[Match]]:
        neighbours = [section.run(shards) for section in self.knn]
        found = []
        for number, shard in enumerate(shards):
            if shard.late():
                found.append([nothing(leaf.segment.max_doc) for leaf in shard.leaves])
                continue
            clauses = [section[number] for section in neighbours]
            if self.query is not None:
                clauses.append(self.query.run(shard))
            matches = [match.times(shard.boost) for match in _joined(shard, clauses, 0.0 if self.filters else 1.0)]
            masks = [query.run(shard) for query in self.filters]
            alias = shard.alias_filter
            masks += [alias.run(shard)] if alias is not None else []
            kept = []
            for leaf, (match, root) in enumerate(zip(matches, shard.roots, strict=True)):
                mask = match.mask & root
                if self.part is not None:
                    mask &= self.part.mask(shard, shard.leaves[leaf], len(shards))
                for clause in masks:
                    mask &= clause[leaf].mask
                if self.min_score is not None:
                    mask &= match.scores >= single(self.min_score)
                kept.append(Match(mask, match.scores))
            found.append(kept)
        return found

    def _cut(self, found: list[list[Match]]) -> bool:
        """Forgets what lies behind the first `terminate_after` documents of each shard."""
        cut = False
        for matches in found:
            left = self.terminate_after
            for match in matches:
                docs = np.flatnonzero(match.mask)
                if len(docs) > left:
                    match.mask[docs[left:]] = False
                    cut = True
                left = max(left - len(docs), 0)
        return cut


def _filtered(shards: list[Shard], found: list[list[Match]], query: Query) -> list[list[Match]]:
    return [
        [Match(match.mask & other.mask, match.scores) for match, other in zip(matches, query.run(shard), strict=True)]
        for shard, matches in zip(shards, found, strict=True)
    ]


def _joined(shard: Shard, clauses: Sequence[list[Match]], score: float) -> list[Match]:
    """What any of the clauses finds; without clauses everything, with the given score."""
    if not clauses:
        return [everything(leaf.segment.max_doc, score) for leaf in shard.leaves]
    if len(clauses) == 1:
        return clauses[0]
    sizes = iter([leaf.segment.max_doc for leaf in shard.leaves])
    return combine(
        len(shard.leaves),
        clauses,
        lambda several: boolean(next(sizes), should=several, minimum_should_match=1),
    )


def _max_score(found: list[list[Match]]) -> float | None:
    best = [float(match.scores[match.mask].max()) for matches in found for match in matches if match.mask.any()]
    return max(best, default=None)
