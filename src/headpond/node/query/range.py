"""`range`: values between bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.mapping.base import FieldType
from headpond.node.mapping.types.date import Date
from headpond.node.query._value import has_numbers, no_match, number_of
from headpond.node.query.base import Query, read_options, single_field
from headpond.node.scoring.columns import match_between
from headpond.node.scoring.match import Match, constant
from headpond.node.scoring.terms import match_between as match_terms_between
from headpond.node.search.json import Json, MisplacedError
from headpond.node.search.shard import Shard
from headpond.node.store.segment import Bool

_BOUNDS = ("gte", "gt", "lte", "lt")
_RELATIONS = ("INTERSECTS", "WITHIN", "CONTAINS", "DISJOINT")


@dataclass(frozen=True, kw_only=True)
class Range(Query):
    """Documents with a value between the bounds, all with the boost as score.

    Attributes:
        low: lower bound, None for none.
        high: upper bound, None for none.
        include_low: whether the lower bound itself is in.
        include_high: whether the upper bound itself is in.
        format: how dates in the bounds are written, where that is not the field's format.
        time_zone: the zone of dates that name none.
    """

    field: str
    low: Any = None
    high: Any = None
    include_low: bool = True
    include_high: bool = True
    format: str | None = None
    time_zone: str | None = None

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"year": {"gte": 2020, "lt": "now/d"}}`."""
        for name, value in source.members():
            if value.value is None:
                raise RestError(400, "illegal_argument_exception", "field name is null or empty")
            if not value.is_object:
                raise value.parsing_error(f"[range] query does not support [{name}]")
        found = single_field(source, "range")
        if found is None:
            raise RestError(400, "illegal_argument_exception", "field name is null or empty")
        field, body = found
        options: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, value in body.members():
            if name not in _BOUNDS:
                others[name] = value.value
                continue
            if not value.is_scalar:
                raise value.parsing_error(f"[range] query does not support [{name}]")
            side = "low" if name in ("gte", "gt") else "high"
            options |= {side: value.value, f"include_{side}": name in ("gte", "lte")}
        readers = {"format": Json.text, "time_zone": Json.text, "relation": _relation}
        options |= read_options(Json(others, body.path), "range", readers)
        options.pop("relation", None)
        return cls(field=field, **options)

    def run(self, shard: Shard) -> list[Match]:
        """The documents between the bounds."""
        field = shard.field(self.field)
        if field is None:
            return no_match(shard)
        return [constant(mask, self.boost) for mask in self._masks(shard, field)]

    def _masks(self, shard: Shard, field: FieldType) -> list[Bool]:
        included = {"include_low": self.include_low, "include_high": self.include_high}
        if field.type in ("dense_vector", "sparse_vector"):
            reason = f"Field [{self.field}] of type [{field.type}] does not support range queries"
            raise shard.failed(RestError(400, "illegal_argument_exception", reason))
        try:
            if has_numbers(field):
                low = self._number(field, self.low, round_up=not self.include_low)
                high = self._number(field, self.high, round_up=self.include_high)
                return match_between(shard, field.path, low, high, **included)
            first, last = (None if bound is None else field.term(bound) for bound in (self.low, self.high))
            return match_terms_between(shard, field.path, first, last, **included)
        except MisplacedError:
            raise
        except RestError as error:
            # The coordinator reads dates before the shards do, so their errors come unwrapped.
            raise error if error.type == "parse_exception" or error.status != 400 else shard.failed(error) from None

    def _number(self, field: FieldType, bound: Any, *, round_up: bool) -> float | int | None:
        if bound is None:
            return None
        if isinstance(field, Date):
            return number_of(field, bound, round_up=round_up, format=self.format, zone=self.time_zone)
        return number_of(field, bound, round_up=round_up)


def _relation(source: Json) -> str:
    relation = source.text()
    if relation.upper() not in _RELATIONS:
        raise RestError(400, "illegal_argument_exception", f"{relation} is not a valid relation")
    return relation
