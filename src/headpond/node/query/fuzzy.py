"""`fuzzy`: terms within an edit distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from headpond.node.query._multi_term import path_of_terms, read_pattern
from headpond.node.query._value import no_match
from headpond.node.query.base import Query
from headpond.node.scoring.fuzzy import AUTO, Fuzziness, match_fuzzy, read_fuzziness
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class Fuzzy(Query):
    """Documents with a term at most `fuzziness` edits away, nearer ones scoring higher."""

    field: str
    value: str
    fuzziness: Fuzziness = AUTO
    prefix_length: int = 0
    max_expansions: int = 50
    transpositions: bool = True

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"title": "brwn"}` or `{"title": {"value": "brwn", "fuzziness": "AUTO"}}`."""
        readers = {
            "fuzziness": read_fuzziness,
            "prefix_length": Json.integer,
            "max_expansions": Json.integer,
            "transpositions": Json.boolean,
        }
        return cls(**read_pattern(source, "fuzzy", readers, also="term"))

    def run(self, shard: Shard) -> list[Match]:
        """The documents with such a term, by BM25."""
        path = path_of_terms(shard, self.field, "fuzzy")
        if path is None:
            return no_match(shard)
        found = match_fuzzy(
            shard,
            path,
            self.value,
            self.fuzziness,
            prefix_length=self.prefix_length,
            max_expansions=self.max_expansions,
            transpositions=self.transpositions,
        )
        return [match.times(self.boost) for match in found]
