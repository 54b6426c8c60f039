"""`filter`: the documents that a query matches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from headpond.node.aggregation._masks import matching
from headpond.node.aggregation.base import Aggregation, Answer, Scope, answers
from headpond.node.query.base import Query, parse_query
from headpond.node.search.json import Json
from headpond.node.search.rewriter import Rewriter


@dataclass(frozen=True, kw_only=True)
class Filter(Aggregation):
    """One bucket.

    Attributes:
        query: what its documents match.
    """

    type = "filter"
    has_buckets = True

    query: Query

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads a query."""
        return cls(query=parse_query(source))

    def rewrite(self, rewriter: Rewriter) -> Aggregation:
        """With its query rewritten too."""
        return replace(self, query=self.query.rewrite(rewriter), below=tuple(a.rewrite(rewriter) for a in self.below))

    def run(self, scope: Scope) -> Answer:
        """Counts the documents."""
        inside = scope.within(matching(scope, self.query))
        return Answer(self.type, {"doc_count": inside.count, **answers(self.below, inside)}, {"_count": inside.count})
