"""`standard`: a plain search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._object import OBJECTS, OBJECTS_OR_ARRAYS, SCALARS, Member, integer, read_members
from headpond.node.query.base import Query, parse_query
from headpond.node.retriever.base import COMMON, LeafRetriever, renamed
from headpond.node.search.json import Json
from headpond.node.search.leaf_search import LeafSearch
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.sort import SortKey, read_sort


@dataclass(frozen=True, kw_only=True)
class Standard(LeafRetriever):
    """A query with its order.

    Attributes:
        query: what is searched; everything when None.
        sort: keys to order by.
        search_after: sort values of the document to go on behind.
        terminate_after: documents to look at in each shard, 0 for all.
    """

    type = "standard"

    query: Query | None = None
    sort: tuple[SortKey, ...] = ()
    search_after: tuple[Any, ...] | None = None
    terminate_after: int = 0

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"query": {...}, "filter": [...], "sort": [...], "min_score": 1}`."""
        members = {
            **COMMON,
            "query": Member(OBJECTS, parse_query),
            "sort": Member(OBJECTS_OR_ARRAYS | SCALARS, read_sort),
            "search_after": Member(frozenset({"START_ARRAY"}), lambda value: tuple(value.value)),
            "terminate_after": integer(),
            "collapse": Member(OBJECTS, _refuse_collapse),
        }
        values: dict[str, Any] = renamed(read_members(source, "standard", members))
        return cls(**values)

    def rewrite(self, rewriter: Rewriter) -> Standard:
        """The retriever with its queries rewritten."""
        return replace(
            self,
            query=self.query.rewrite(rewriter) if self.query else None,
            filter=tuple(query.rewrite(rewriter) for query in self.filter),
        )

    def search(self) -> LeafSearch:
        """The search it stands for."""
        return LeafSearch(
            query=self.query,
            filters=self.filter,
            min_score=self.min_score,
            sort=self.sort,
            search_after=self.search_after,
            terminate_after=self.terminate_after,
        )


def _refuse_collapse(source: Json) -> None:
    raise RestError(501, "not_implemented_exception", "[collapse] is not implemented")
