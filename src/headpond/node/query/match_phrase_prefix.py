"""`match_phrase_prefix`: a phrase that may break off in its last word."""

from __future__ import annotations

from dataclasses import dataclass

from headpond.node.query._one_text import OneTextQuery
from headpond.node.query._text import match_phrase_with_prefix
from headpond.node.scoring.match import Match
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class MatchPhrasePrefix(OneTextQuery):
    """Documents with a phrase whose last word is a prefix."""

    type = "match_phrase_prefix"
    known = ("analyzer", "slop", "max_expansions", "zero_terms_query")

    def find(self, shard: Shard) -> list[Match]:
        """The documents found, with scores before the boost."""
        return match_phrase_with_prefix(shard, self.field, self.text, self.options, self.type)
