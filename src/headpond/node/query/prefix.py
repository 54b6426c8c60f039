"""`prefix`: terms that start with a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from headpond.node.query._multi_term import match_pattern, read_pattern
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class Prefix(Query):
    """Documents with a term that starts with the value, all with the boost as score."""

    field: str
    value: str
    case_insensitive: bool = False

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"tag": "pre"}` or `{"tag": {"value": "pre"}}`."""
        return cls(**read_pattern(source, "prefix", {"case_insensitive": Json.boolean}))

    def run(self, shard: Shard) -> list[Match]:
        """The documents with such a term."""
        start = self.value.lower() if self.case_insensitive else self.value

        def test(term: str) -> bool:
            return (term.lower() if self.case_insensitive else term).startswith(start)

        return [match.times(self.boost) for match in match_pattern(shard, self.field, "prefix", test)]
