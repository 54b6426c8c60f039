"""`match`: words of a text."""

from __future__ import annotations

from dataclasses import dataclass

from headpond.node.query._one_text import OneTextQuery
from headpond.node.query._text import match_words
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json, MisplacedError
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class MatchText(OneTextQuery):
    """Documents with the words of a text."""

    type = "match"
    known = (
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

    @classmethod
    def missing(cls, source: Json) -> MisplacedError:
        """The error when there is no text."""
        return source.parsing_error("No text specified for text query", "end")

    def find(self, shard: Shard) -> list[Match]:
        """The documents found, with scores before the boost."""
        return match_words(shard, self.field, self.text, self.options, self.type)
