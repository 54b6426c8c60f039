"""`nested`: documents by their nested objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

from headpond.errors import RestError
from headpond.node.query.base import Query, checked_boost, parse_query
from headpond.node.scoring.join import ScoreMode, join
from headpond.node.scoring.match import Match, nothing
from headpond.node.search.inner_hits import InnerHits, InnerQuery, read_inner_hits
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

_MODES: dict[str, ScoreMode] = {"avg": "avg", "max": "max", "min": "min", "sum": "sum", "none": "none"}


@dataclass(frozen=True, kw_only=True)
class Nested(Query):
    """Documents whose nested objects match; the objects' scores are joined by `score_mode`."""

    path: str
    query: Query
    score_mode: Literal["avg", "max", "min", "sum", "none"] = "avg"
    ignore_unmapped: bool = False
    inner_hits: InnerHits | None = None

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"path": "chunks", "query": {...}, "score_mode": "max"}`."""
        options: dict[str, Any] = {}
        for name, value in source.members():
            if name == "query" and value.is_object:
                options["query"] = parse_query(value)
            elif name == "inner_hits" and value.is_object:
                options["inner_hits"] = read_inner_hits(value)
            elif name == "path" and value.is_scalar:
                options["path"] = value.text()
            elif name == "boost" and value.is_scalar:
                options["boost"] = value.decimal()
            elif name == "ignore_unmapped" and value.is_scalar:
                options["ignore_unmapped"] = value.boolean()
            elif name == "score_mode" and value.is_scalar:
                options["score_mode"] = _score_mode(value.text())
            elif name == "_name" and value.is_scalar:
                options["name"] = value.text()
            else:
                raise value.parsing_error(f"[nested] query does not support [{name}]")
        for name in ("path", "query"):
            if name not in options:
                raise RestError(400, "illegal_argument_exception", f"[nested] requires '{name}' field")
        return cls(**checked_boost("nested", options))

    def run(self, shard: Shard) -> list[Match]:
        """The parents of the matching objects."""
        mapper = shard.mapping.object(self.path)
        if mapper is None or not mapper.nested:
            if self.ignore_unmapped:
                return [nothing(leaf.segment.max_doc) for leaf in shard.leaves]
            raise shard.error(f"[nested] failed to find nested object under path [{self.path}]")
        found = self.query.run(shard.inside(self.path))
        return [
            join(leaf, match, self.path, shard.scope, self.score_mode).times(self.boost)
            for leaf, match in zip(shard.leaves, found, strict=True)
        ]

    def inner(self) -> Iterator[InnerQuery]:
        """This query, when its objects are to be shown.

        Raises:
            RestError: 501, a query inside it has `inner_hits` too.
        """
        below = list(self.query.inner())
        if self.inner_hits is None:
            yield from below
            return
        if below:
            raise RestError(501, "not_implemented_exception", "[inner_hits] inside [inner_hits] is not implemented")
        yield InnerQuery(self.path, self.inner_hits, self.query.run)


def _score_mode(text: str) -> ScoreMode:
    mode = _MODES.get(text)
    if mode is None:
        raise RestError(400, "illegal_argument_exception", f"No score mode for child query [{text}] found")
    return mode
