"""`match_all`: every document, score 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from headpond.node.query._object import read_object
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match, everything
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class MatchAll(Query):
    """Every document with one score."""

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"boost": 1}`."""
        return cls(**read_object(source, "match_all", {}))

    def run(self, shard: Shard) -> list[Match]:
        """Everything."""
        return [everything(leaf.segment.max_doc, self.boost) for leaf in shard.leaves]
