"""`filters`: a bucket for each of several queries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from headpond.node.aggregation._masks import matching, without
from headpond.node.aggregation.base import Aggregation, Answer, Scope, answers
from headpond.node.call import illegal_argument
from headpond.node.query._object import OBJECTS_OR_ARRAYS, TEXTS, Member, boolean, read_members
from headpond.node.query.base import Query, parse_query
from headpond.node.search.found import union
from headpond.node.search.json import Json
from headpond.node.search.rewriter import Rewriter

OTHERS = "_other_"


@dataclass(frozen=True, kw_only=True)
class Filters(Aggregation):
    """Buckets in the order of their names, or of the list.

    Attributes:
        queries: with their names, which are None in a list.
        other: the name of a bucket for all other documents, None for no such bucket.
        keyed: whether named buckets are members of an object.
    """

    type = "filters"
    has_buckets = True

    queries: tuple[tuple[str | None, Query], ...]
    other: str | None = None
    keyed: bool = True

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"filters": {"<name>": {...}}}` or `{"filters": [{...}]}`."""
        members = {
            "filters": Member(OBJECTS_OR_ARRAYS, _read_queries),
            "other_bucket": boolean(),
            "other_bucket_key": Member(TEXTS, Json.text),
            "keyed": boolean(),
        }
        values: dict[str, Any] = read_members(source, cls.type, members)
        queries = values.get("filters")
        if not queries:
            raise illegal_argument("[filters] cannot be empty.")
        wanted = values.get("other_bucket", "other_bucket_key" in values)
        other = values.get("other_bucket_key", OTHERS) if wanted else None
        named = queries[0][0] is not None
        return cls(queries=queries, other=other, keyed=named and values.get("keyed", True))

    def rewrite(self, rewriter: Rewriter) -> Aggregation:
        """With its queries rewritten too."""
        queries = tuple((name, query.rewrite(rewriter)) for name, query in self.queries)
        return replace(self, queries=queries, below=tuple(one.rewrite(rewriter) for one in self.below))

    def run(self, scope: Scope) -> Answer:
        """Counts the documents of each query."""
        found = [(name, matching(scope, query)) for name, query in self.queries]
        if self.other is not None:
            named = found[0][0] is not None
            others = without(scope.masks, union([masks for _, masks in found]))
            found.append((self.other if named else None, others))
        buckets = []
        for name, masks in found:
            inside = scope.within(masks)
            buckets.append((name, {"doc_count": inside.count, **answers(self.below, inside)}))
        if self.keyed:
            return Answer(self.type, {"buckets": dict(buckets)})
        shown = [body if name is None else {"key": name, **body} for name, body in buckets]
        return Answer(self.type, {"buckets": shown})


def _read_queries(source: Json) -> tuple[tuple[str | None, Query], ...]:
    if source.is_object:
        return tuple(sorted(((name, parse_query(one)) for name, one in source.members()), key=lambda pair: pair[0]))
    return tuple((None, parse_query(one)) for one in source.elements())
