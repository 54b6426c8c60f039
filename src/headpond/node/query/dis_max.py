"""`dis_max`: the best of several queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.node.query.base import Query, checked_boost, parse_queries
from headpond.node.scoring.match import Match, dis_max
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class DisMax(Query):
    """The best clause's score, plus `tie_breaker` times the others'."""

    queries: tuple[Query, ...]
    tie_breaker: float = 0.0

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"queries": [...], "tie_breaker": 0}`."""
        options: dict[str, Any] = {}
        for name, value in source.members():
            if name == "queries" and not value.is_scalar:
                if not value.value:
                    raise value.parsing_error("[_na] query malformed, must start with start_object", "end")
                options["queries"] = parse_queries(value)
            elif name in ("boost", "tie_breaker") and value.is_scalar:
                options[name] = value.decimal()
            elif name == "_name" and value.is_scalar:
                options["name"] = value.text()
            else:
                raise value.parsing_error(f"[dis_max] query does not support [{name}]")
        if not options.get("queries"):
            reason = "[dis_max] requires 'queries' field with at least one clause"
            raise source.parsing_error(reason, "end")
        return cls(**checked_boost("dis_max", options))

    def run(self, shard: Shard) -> list[Match]:
        """The maximum over the clauses."""
        found = [query.run(shard) for query in self.queries]
        return [
            dis_max(leaf.segment.max_doc, [clause[number] for clause in found], self.tie_breaker).times(self.boost)
            for number, leaf in enumerate(shard.leaves)
        ]
