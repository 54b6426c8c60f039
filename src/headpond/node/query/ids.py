"""`ids`: documents by `_id`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from headpond.errors import RestError
from headpond.node.query._object import Member, read_object
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match, constant
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class Ids(Query):
    """Documents with one of the ids."""

    values: tuple[str, ...]

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"values": ["1", "2"]}`."""
        tokens = frozenset({"START_ARRAY", "VALUE_STRING", "VALUE_NUMBER"})
        options: dict[str, Any] = read_object(source, "ids", {"values": Member(tokens, _read_ids)})
        if "values" not in options:
            raise RestError(400, "illegal_argument_exception", "[ids] requires providing a values array of ids")
        return cls(**options)

    def run(self, shard: Shard) -> list[Match]:
        """The documents found by id."""
        return [constant(mask, self.boost) for mask in match_ids(shard, self.values)]


def match_ids(shard: Shard, ids: tuple[str, ...]) -> list[np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """For each segment bool[max_doc], the documents with one of the ids."""
    wanted = frozenset(ids)
    return [
        np.fromiter((id in wanted for id in leaf.segment.ids), np.bool_, leaf.segment.max_doc) for leaf in shard.leaves
    ]


def _read_ids(source: Json) -> tuple[str, ...]:
    return tuple(element.text() for element in source.elements())
