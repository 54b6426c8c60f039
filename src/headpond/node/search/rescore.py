"""`rescore`: scores the best documents again with a second query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headpond.errors import RestError
from headpond.node.query._object import OBJECTS, TEXTS, Member, number, read_members
from headpond.node.query.base import Query, parse_query
from headpond.node.search.found import Found
from headpond.node.search.json import AT, Json, MisplacedError
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard

DEFAULT_WINDOW = 10

_MODES: dict[str, Callable[[float, float], float]] = {
    "total": lambda first, second: first + second,
    "multiply": lambda first, second: first * second,
    "avg": lambda first, second: (first + second) / 2,
    "max": max,
    "min": min,
}


@dataclass(frozen=True, slots=True)
class Rescore:
    """A second scoring of the best documents of each shard.

    Attributes:
        query: scores again.
        window: how many documents of each shard.
        weight: factor of the first score.
        second_weight: factor of the second score.
        mode: how both become one: `total`, `multiply`, `avg`, `max` or `min`.
    """

    query: Query
    window: int = DEFAULT_WINDOW
    weight: float = 1.0
    second_weight: float = 1.0
    mode: str = "total"

    def rewrite(self, rewriter: Rewriter) -> Rescore:
        """The rescorer with what inference endpoints have to say."""
        return replace(self, query=self.query.rewrite(rewriter))

    def run(self, shards: list[Shard], hits: list[Found]) -> list[Found]:
        """The hits in their new order; those behind the window keep their place only if their weighted score does.

        Args:
            shards: where the hits are.
            hits: best first, at least the window of each shard.
        """
        again: list[Found] = []
        for shard in shards:
            own = [hit for hit in hits if hit.place.shard == shard.number]
            found = self.query.run(shard)
            for position, hit in enumerate(own):
                inside = position < self.window
                leaf = shard.leaf_number(hit.place.doc)
                ordinal = hit.place.doc - shard.leaves[leaf].base
                matches = bool(found[leaf].mask[ordinal])
                score = self._joined(hit.score, float(found[leaf].scores[ordinal]), inside and matches)
                again.append(replace(hit, score=score))
        return sorted(again, key=lambda hit: (-hit.score, hit.place))

    def _joined(self, first: float, second: float, matches: bool) -> float:
        first = float(np.float32(first * self.weight))
        if not matches:
            return first
        return float(np.float32(_MODES[self.mode](first, second * self.second_weight)))


def read_rescore(source: Json) -> tuple[Rescore, ...]:
    """Reads one rescorer or an array of them.

    Raises:
        RestError: 400 for what is malformed, 501 for rescorers other than `query`.
    """
    return tuple(_read_one(element) for element in source.elements())


def _read_one(source: Json) -> Rescore:
    if not source.is_object:
        raise source.parsing_error(f"unexpected token [{source.token}], expected an object")
    values: dict[str, Any] = {}
    for name, value in source.members():
        if name == "window_size" and value.is_scalar:
            values["window"] = value.integer()
        elif name == "query" and value.is_object:
            values |= _read_query(value)
        elif name in ("learning_to_rank", "script") and value.is_object:
            raise RestError(501, "not_implemented_exception", f"the rescorer [{name}] is not implemented")
        elif value.is_scalar:
            raise value.parsing_error(f"rescore doesn't support [{name}]")
        else:
            raise MisplacedError("named_object_not_found_exception", f"[{AT}] unknown field [{name}]", value)
    if "query" not in values:
        raise source.parsing_error("missing rescore type", "end")
    return Rescore(**values)


def _read_query(source: Json) -> dict[str, Any]:
    members = {
        "rescore_query": Member(OBJECTS, parse_query),
        "query_weight": number(),
        "rescore_query_weight": number(),
        "score_mode": Member(TEXTS, _read_mode),
    }
    read = read_members(source, "query", members)
    if "rescore_query" not in read:
        raise RestError(400, "illegal_argument_exception", "rescore_query cannot be null")
    names = {
        "rescore_query": "query",
        "query_weight": "weight",
        "rescore_query_weight": "second_weight",
        "score_mode": "mode",
    }
    return {names[name]: value for name, value in read.items()}


def _read_mode(source: Json) -> str:
    mode = source.text().lower()
    if mode not in _MODES:
        raise RestError(400, "illegal_argument_exception", f"illegal score_mode [{source.text()}]")
    return mode


def window_of(rescores: tuple[Rescore, ...]) -> int:
    """Documents of each shard that the rescorers look at."""
    return max((rescore.window for rescore in rescores), default=0)
