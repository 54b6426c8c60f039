"""`match_phrase`: words next to each other."""

from __future__ import annotations

from dataclasses import dataclass

from headpond.node.query._one_text import OneTextQuery
from headpond.node.query._text import match_words_as_phrase
from headpond.node.scoring.match import Match
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class MatchPhrase(OneTextQuery):
    """Documents with the words of a text next to each other."""

    type = "match_phrase"
    known = ("analyzer", "slop", "zero_terms_query")

    def find(self, shard: Shard) -> list[Match]:
        """The documents found, with scores before the boost."""
        return match_words_as_phrase(shard, self.field, self.text, self.options, self.type)
