"""`match_bool_prefix`: words of a text that may break off in the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._text import TextOptions, match_words_with_prefix
from headpond.node.query._text_options import read_text_query
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

_OPTIONS = (
    "analyzer",
    "operator",
    "minimum_should_match",
    "fuzziness",
    "prefix_length",
    "max_expansions",
    "fuzzy_transpositions",
    "fuzzy_rewrite",
)


@dataclass(frozen=True, kw_only=True)
class MatchBoolPrefix(Query):
    """Documents with the words of a text, the last of which is a prefix."""

    field: str
    text: Any
    options: TextOptions

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"title": "some words"}` or `{"title": {"query": "some words", ...}}`."""
        return cls(**read_text_query(source, "match_bool_prefix", _OPTIONS, _missing))

    def run(self, shard: Shard) -> list[Match]:
        """The documents found."""
        found = match_words_with_prefix(shard, self.field, self.text, self.options, "match_bool_prefix")
        return [match.times(self.boost) for match in found]


def _missing(source: Json) -> RestError:
    return RestError(400, "illegal_argument_exception", "[match_bool_prefix] requires query value")
