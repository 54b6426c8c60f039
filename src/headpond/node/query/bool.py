"""`bool`: required, optional and excluded clauses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.node.query._object import NUMBERS, Member, boolean, objects, read_object
from headpond.node.query.base import Query, parse_queries
from headpond.node.scoring.match import Match, everything
from headpond.node.scoring.match import boolean as combine
from headpond.node.scoring.minimum_should_match import minimum_should_match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

_CLAUSES = ("must", "filter", "should", "must_not")


@dataclass(frozen=True, kw_only=True)
class Bool(Query):
    """Clauses that have to match, may match, or must not.

    Attributes:
        minimum_should_match: how many of `should`, in Elasticsearch's notation; by default 1 when there is neither
            `must` nor `filter`, else 0.
        adjust_pure_negative: whether a query of nothing but `must_not` matches the other documents.
    """

    must: tuple[Query, ...] = ()
    filter: tuple[Query, ...] = ()
    should: tuple[Query, ...] = ()
    must_not: tuple[Query, ...] = ()
    minimum_should_match: str | None = None
    adjust_pure_negative: bool = True

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"must": [...], "filter": [...], "should": [...], "must_not": [...]}`."""
        members = {name: objects(parse_queries) for name in _CLAUSES} | {
            "mustNot": objects(parse_queries),
            "minimum_should_match": Member(NUMBERS, Json.text),
            "adjust_pure_negative": boolean(),
        }
        values: dict[str, Any] = read_object(source, "bool", members, wrapped=False)
        if "mustNot" in values:
            values["must_not"] = (*values.get("must_not", ()), *values.pop("mustNot"))
        return cls(**values)

    def run(self, shard: Shard) -> list[Match]:
        """Joins the clauses; without any it matches everything."""
        sizes = [leaf.segment.max_doc for leaf in shard.leaves]
        if not (self.must or self.filter or self.should or self.must_not):
            return [everything(size, self.boost) for size in sizes]
        must, filter, should, must_not = (
            [query.run(shard) for query in queries] for queries in (self.must, self.filter, self.should, self.must_not)
        )
        needed = self._needed()
        return [
            combine(
                size,
                must=[found[leaf] for found in must],
                filter=[found[leaf].mask for found in filter],
                should=[found[leaf] for found in should],
                must_not=[found[leaf].mask for found in must_not],
                minimum_should_match=needed,
            ).times(self.boost)
            for leaf, size in enumerate(sizes)
        ]

    def _needed(self) -> int:
        needed = minimum_should_match(self.minimum_should_match, len(self.should))
        required = bool(self.must or self.filter)
        if not required and (self.should or not self.adjust_pure_negative):
            return max(needed, 1)
        return needed
