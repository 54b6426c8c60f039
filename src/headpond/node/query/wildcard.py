"""`wildcard`: terms that fit a pattern of `*` and `?`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from headpond.node.query._multi_term import match_pattern, read_pattern
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class Wildcard(Query):
    r"""Documents with a term that fits: `*` is any text, `?` one character, `\` takes the next as it is."""

    field: str
    value: str
    case_insensitive: bool = False

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"tag": "p*t"}` or `{"tag": {"value": "p*t"}}`."""
        return cls(**read_pattern(source, "wildcard", {"case_insensitive": Json.boolean}, also="wildcard"))

    def run(self, shard: Shard) -> list[Match]:
        """The documents with such a term."""
        flags = re.DOTALL | (re.IGNORECASE if self.case_insensitive else 0)
        pattern = re.compile(_translated(self.value), flags)
        found = match_pattern(shard, self.field, "wildcard", lambda term: pattern.fullmatch(term) is not None)
        return [match.times(self.boost) for match in found]


def _translated(pattern: str) -> str:
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            # Runs of stars are one star: nested quantifiers would take exponential time.
            if not parts or parts[-1] != ".*":
                parts.append(".*")
        elif character == "?":
            parts.append(".")
        elif character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append(re.escape(character))
    return "".join(parts)
