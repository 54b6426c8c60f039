"""`match_bool_prefix`: words of a text that may break off in the last."""

from __future__ import annotations

from dataclasses import dataclass

from headpond.node.query._one_text import OneTextQuery
from headpond.node.query._text import match_words_with_prefix
from headpond.node.scoring.match import Match
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class MatchBoolPrefix(OneTextQuery):
    """Documents with the words of a text, the last of which is a prefix."""

    type = "match_bool_prefix"
    known = (
        "analyzer",
        "operator",
        "minimum_should_match",
        "fuzziness",
        "prefix_length",
        "max_expansions",
        "fuzzy_transpositions",
        "fuzzy_rewrite",
    )

    def find(self, shard: Shard) -> list[Match]:
        """The documents found, with scores before the boost."""
        return match_words_with_prefix(shard, self.field, self.text, self.options, self.type)
