"""`match_none`: no document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from headpond.node.query._object import read_object
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match, nothing
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class MatchNone(Query):
    """No document."""

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{}`."""
        return cls(**read_object(source, "match_none", {}))

    def run(self, shard: Shard) -> list[Match]:
        """Nothing."""
        return [nothing(leaf.segment.max_doc) for leaf in shard.leaves]
