"""`match`: words of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.node.query._text import TextOptions, match_words
from headpond.node.query._text_options import read_text_query
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json, MisplacedError
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
    "lenient",
    "zero_terms_query",
    "auto_generate_synonyms_phrase_query",
)


@dataclass(frozen=True, kw_only=True)
class MatchText(Query):
    """Documents with the words of a text."""

    field: str
    text: Any
    options: TextOptions

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"title": "some words"}` or `{"title": {"query": "some words", ...}}`."""
        return cls(**read_text_query(source, "match", _OPTIONS, _missing))

    def run(self, shard: Shard) -> list[Match]:
        """The documents found."""
        found = match_words(shard, self.field, self.text, self.options, "match")
        return [match.times(self.boost) for match in found]


def _missing(source: Json) -> MisplacedError:
    return source.parsing_error("No text specified for text query", "end")
