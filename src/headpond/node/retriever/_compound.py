"""What retrievers that join the results of others have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from headpond.errors import RestError
from headpond.node.query._object import integer
from headpond.node.retriever._context import Context
from headpond.node.retriever.base import COMMON, LeafRetriever, Retriever
from headpond.node.scoring.match import single
from headpond.node.search.failed import search_failed
from headpond.node.search.found import Found, Masks, Place, Results, masks_of, union
from headpond.node.search.inner_hits import InnerQuery, checked
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard
from headpond.ranking import Fusion

DEFAULT_WINDOW = 10

MEMBERS = {**COMMON, "rank_window_size": integer()}


@dataclass(frozen=True, kw_only=True)
class CompoundRetriever(Retriever):
    """Joins what its children find.

    Attributes:
        children: the retrievers below.
        rank_window_size: how many documents of each child count, and how many come out.
        window_name: what the error texts call that number.
    """

    window_name: ClassVar[str] = "rank_window_size"

    children: tuple[Retriever, ...]
    rank_window_size: int = DEFAULT_WINDOW

    @abstractmethod
    def combine(self, context: Context, legs: Sequence[Results]) -> list[Found]:
        """The joined documents, best first.

        Args:
            context: the search.
            legs: what each child found.
        """

    def rewrite(self, rewriter: Rewriter) -> Retriever:
        """The retriever with its children and filters rewritten."""
        children = tuple(child.rewrite(rewriter) for child in self.children)
        return replace(self, children=children, filter=tuple(query.rewrite(rewriter) for query in self.filter))

    def problems(self, size: int) -> list[str]:
        """The window must hold the hits that are asked for, and be no larger than the children's windows."""
        name, window = self.window_name, self.rank_window_size
        found = []
        if window < 0:
            found.append(f"[{name}] parameter cannot be negative, found [{window}]")
        elif window < size:
            found.append(f"[{self.type}] requires [{name}: {window}] be greater than or equal to [size: {size}]")
        for child in self.children:
            if isinstance(child, CompoundRetriever) and child.rank_window_size < window:
                inner = f"its sub retriever's {child.type} [{child.window_name}: {child.rank_window_size}]"
                found.append(f"[{self.type}] requires [{name}: {window}] to be smaller than or equal to {inner}")
            found += child.problems(0)
        return found

    def check(self) -> None:
        """Checks the children."""
        for child in self.children:
            child.check()
            if isinstance(child, LeafRetriever):
                child.check_child()

    def run(self, context: Context, size: int) -> Results:
        """The joined documents; what any child matches counts for the total."""
        legs = [self.run_child(child, context) for child in self.children]
        hits = self.combine(context, legs)[: self.rank_window_size]
        if self.min_score is not None:
            hits = [hit for hit in hits if hit.score >= single(self.min_score)]
        if self.has_min_score:
            matched = masks_of(context.shards, hits)
        else:
            matched = union([leg.matched for leg in legs] or [masks_of(context.shards, hits)])
        named: list[tuple[str, Masks]] = []
        for child, leg in zip(self.children, legs, strict=True):
            if isinstance(child, CompoundRetriever):
                named += leg.named
            elif child.name is not None:
                named.append((child.name, leg.matched))
        if self.name is not None:
            named.append((self.name, masks_of(context.shards, hits)))
        return Results(hits[:size], matched, hits[0].score if hits else None, named=tuple(named))

    def inner(self, shards: list[Shard]) -> list[InnerQuery]:
        """Those of all children, whichever of them found a document."""
        return checked([query for child in self.children for query in child.inner(shards)])

    @property
    def has_min_score(self) -> bool:
        """Whether documents are left out by their score, here or in a child."""
        return self.min_score is not None or any(child.has_min_score for child in self.children)

    def search_child(self, child: Retriever, context: Context) -> Results:
        """What a child finds, under the filters of this retriever."""
        return child.filtered(self.filter).run(context, self.rank_window_size)

    def run_child(self, child: Retriever, context: Context) -> Results:
        """What a child finds.

        Raises:
            RestError: the child's error, named as this retriever's.
        """
        try:
            return self.search_child(child, context)
        except RestError as error:
            if error.status == 501:
                raise
            reason = f"[{self.type}] search failed - retrievers '[{child.type}]' returned errors."
            reason += " All failures are attached as suppressed exceptions."
            failed: dict[str, Any] = {"suppressed": [search_failed(error, context.shards).cause()]}
            raise RestError(error.status, "status_exception", reason, extra=failed) from None


def leg_of(results: Results) -> list[tuple[Place, float]]:
    """What a child found, as `headpond.ranking` takes it."""
    return [(hit.place, hit.score) for hit in results.hits]


def fused(fusion: Fusion[Place]) -> list[Found]:
    """What `headpond.ranking` gives, as hits."""
    return [Found(place, score) for place, score in fusion.pairs()]
