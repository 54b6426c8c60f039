"""`constant_score`: a query's documents, all with one score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.node.query.base import Query, checked_boost, parse_query
from headpond.node.scoring.match import Match, constant
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class ConstantScore(Query):
    """The filter's documents, scored with the boost."""

    filter: Query

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"filter": {...}, "boost": 1}`."""
        options: dict[str, Any] = {}
        for name, value in source.members():
            if value.is_array:
                raise value.parsing_error(f"unexpected token [{value.token}]")
            if name == "filter" and value.is_object:
                options["filter"] = parse_query(value)
            elif name == "boost" and value.is_scalar:
                options["boost"] = value.decimal()
            elif name == "_name" and value.is_scalar:
                options["name"] = value.text()
            else:
                raise value.parsing_error(f"[constant_score] query does not support [{name}]")
        if "filter" not in options:
            raise source.parsing_error("[constant_score] requires a 'filter' element", "end")
        return cls(**checked_boost("constant_score", options))

    def run(self, shard: Shard) -> list[Match]:
        """The filter's documents."""
        return [constant(match.mask, self.boost) for match in self.filter.run(shard)]
