"""`boosting`: lowers the score of documents that match a second query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from headpond.node.query.base import Query, checked_boost, parse_query
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class Boosting(Query):
    """The positive query's documents; those that match the negative one score `negative_boost` times as much."""

    positive: Query
    negative: Query
    negative_boost: float

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"positive": {...}, "negative": {...}, "negative_boost": 0.5}`."""
        options: dict[str, Any] = {}
        for name, value in source.members():
            if name in ("positive", "negative") and value.is_object:
                options[name] = parse_query(value)
            elif name in ("boost", "negative_boost") and value.is_scalar:
                options[name] = value.decimal()
            elif name == "_name" and value.is_scalar:
                options["name"] = value.text()
            else:
                raise value.parsing_error(f"[boosting] query does not support [{name}]")
        for name in ("positive", "negative"):
            if name not in options:
                raise source.parsing_error(f"[boosting] query requires '{name}' query to be set'", "end")
        if options.get("negative_boost", -1) < 0:
            reason = "[boosting] query requires 'negative_boost' to be set to be a positive value'"
            raise source.parsing_error(reason, "end")
        return cls(**checked_boost("boosting", options))

    def run(self, shard: Shard) -> list[Match]:
        """The positive query, demoted where the negative one matches."""
        pairs = zip(self.positive.run(shard), self.negative.run(shard), strict=True)
        factor = np.float32(self.negative_boost)
        return [
            Match(good.mask, np.where(bad.mask, good.scores * factor, good.scores)).times(self.boost)
            for good, bad in pairs
        ]
