"""`terms`: a bucket for each value of a field."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from headpond.errors import RestError
from headpond.node.aggregation._field import FRACTIONS, Values, as_text, as_value, field_of, read_field, refused
from headpond.node.aggregation._field import values_of as field_values
from headpond.node.aggregation._order import DEFAULT_ORDER, Order, read_order
from headpond.node.aggregation.base import Aggregation, Answer, Scope, shown
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import FieldType
from headpond.node.query._object import NUMBERS, OBJECTS_OR_ARRAYS, TEXTS, Member, boolean, integer
from headpond.node.search.found import Masks
from headpond.node.search.json import Json
from headpond.node.search.shard import mask_of

DEFAULT_SIZE = 10


@dataclass(frozen=True, kw_only=True)
class Terms(Aggregation):
    """The largest buckets first, unless the request has another order. All values are counted, none is estimated.

    Attributes:
        field: the field.
        missing: stands for it in documents without it; they are left out otherwise.
        size: how many buckets.
        least: the fewest documents of a bucket.
        order: what the buckets are ordered by, the first key first.
        include: the only values that count; None for all.
        exclude: values that do not count.
        with_errors: whether each bucket says how wrong its count may be.
    """

    type = "terms"
    has_buckets = True

    field: str
    missing: Any = None
    size: int = DEFAULT_SIZE
    least: int = 1
    order: tuple[Order, ...] = DEFAULT_ORDER
    include: frozenset[Any] | None = None
    exclude: frozenset[Any] = frozenset()
    with_errors: bool = False

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"field": "kind", "size": 10, "order": {"_count": "desc"}}`; hints change nothing."""
        several = Member(frozenset({"START_ARRAY"}) | TEXTS | {"START_OBJECT"}, _read_values)
        more = {
            "size": Member(NUMBERS, _read_size),
            "shard_size": integer(),
            "min_doc_count": Member(NUMBERS, _read_least),
            "shard_min_doc_count": Member(NUMBERS, refused(cls.type)),
            "order": Member(OBJECTS_OR_ARRAYS, read_order),
            "include": several,
            "exclude": several,
            "show_term_doc_count_error": boolean(),
            "execution_hint": Member(TEXTS, Json.text),
            "collect_mode": Member(TEXTS, Json.text),
            "value_type": Member(TEXTS, refused(cls.type)),
        }
        field, missing, values = read_field(source, cls.type, more)
        return cls(
            field=field,
            missing=missing,
            size=values.get("size", DEFAULT_SIZE),
            least=values.get("min_doc_count", 1),
            order=values.get("order", DEFAULT_ORDER),
            include=values.get("include"),
            exclude=values.get("exclude", frozenset()),
            with_errors=values.get("show_term_doc_count_error", False),
        )

    def run(self, scope: Scope) -> Answer:
        """Counts the documents of each value."""
        field = field_of(scope, self.field, self.type, numeric=False)
        parts = [_distinct(part) for part in field_values(scope, self.field)]
        absent = None if self.missing is None else as_value(field, self.missing, "missing")
        counts = self._counts(field, parts, absent)
        by_below = [order for order in self.order if order.name]
        for order in by_below:
            order.check(self.below)
        numbers: dict[Any, dict[str, float]] = {}
        for key in counts if by_below else ():
            inside = scope.within(_masks(scope, parts, key, absent))
            found = {one.name: one.run(inside) for one in self.below if any(o.name == one.name for o in by_below)}
            numbers[key] = {order.path: found[order.name].numbers.get(order.member, math.nan) for order in by_below}
        keys = sorted(counts)
        for order in reversed(self.order):
            keys.sort(key=lambda key: order.rank(key, counts[key], numbers.get(key, {})), reverse=order.reverses)
        chosen = keys[: self.size]
        buckets = [self._bucket(scope, field, key, counts[key], _masks(scope, parts, key, absent)) for key in chosen]
        others = sum(counts.values()) - sum(counts[key] for key in chosen)
        body = {"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": buckets}
        return Answer(_kind(field), body)

    def _counts(self, field: FieldType | None, parts: list[Values], absent: Any) -> dict[Any, int]:
        counts: Counter[Any] = Counter()
        for part in parts:
            values, numbers = np.unique(part.values, return_counts=True)
            keys = values.tolist() if part.dictionary is None else [part.dictionary[place] for place in values.tolist()]
            counts.update(dict(zip(keys, numbers.tolist(), strict=True)))
            if absent is not None and len(part.without):
                counts[absent] += len(part.without)
        wanted = set(counts)
        if field is not None and self.include is not None:
            wanted &= {as_value(field, value, "include") for value in self.include}
        if field is not None:
            wanted -= {as_value(field, value, "exclude") for value in self.exclude}
        return {key: counts[key] for key in wanted if counts[key] >= self.least}

    def _bucket(self, scope: Scope, field: FieldType | None, key: Any, count: int, masks: Masks) -> dict[str, Any]:
        bucket: dict[str, Any] = {"key": key}
        if not isinstance(key, str) and (text := as_text(field, key)) is not None:
            bucket["key_as_string"] = text
        bucket["doc_count"] = count
        if self.with_errors:
            bucket["doc_count_error_upper_bound"] = 0
        inside = scope.within(masks)
        return {**bucket, **shown(inside, [(one, one.run(inside)) for one in self.below])}


def _distinct(part: Values) -> Values:
    """Each value of a document once."""
    same = (part.docs[1:] == part.docs[:-1]) & (part.values[1:] == part.values[:-1])
    kept = np.concatenate([np.ones(min(len(part.docs), 1), np.bool_), ~same])
    return Values(part.docs[kept], part.values[kept], part.dictionary, part.without)


def _masks(scope: Scope, parts: list[Values], key: Any, absent: Any) -> Masks:
    """The documents that have a value."""
    remaining = iter(parts)
    found = []
    for masks in scope.masks:
        of_shard = []
        for mask in masks:
            part = next(remaining)
            value = key
            if part.dictionary is not None:
                place = bisect_left(part.dictionary, key)
                value = place if place < len(part.dictionary) and part.dictionary[place] == key else -1
            docs = part.docs[part.values == value] if len(part.docs) else part.docs
            if absent is not None and key == absent:
                docs = np.concatenate([docs, part.without])
            of_shard.append(mask_of(docs.astype(np.int32), len(mask)))
        found.append(of_shard)
    return found


def _kind(field: FieldType | None) -> str:
    if field is None or field.type == "keyword":
        return "sterms"
    return "dterms" if field.type in FRACTIONS else "lterms"


def _read_size(source: Json) -> int:
    if (size := source.integer()) <= 0:
        name = source.path[-3]
        raise illegal_argument(f"[size] must be greater than 0. Found [{size}] in [{name}]")
    return size


def _read_least(source: Json) -> int:
    least = source.integer()
    if least < 0:
        reason = f"[minDocCount] must be greater than or equal to 0. Found [{least}] in [{source.path[-3]}]"
        raise illegal_argument(reason)
    if not least:
        raise RestError(501, "not_implemented_exception", "[min_doc_count: 0] of [terms] is not implemented")
    return least


def _read_values(source: Json) -> frozenset[Any]:
    if not source.is_array:
        reason = f"[{source.name}] of [terms] that is no list of values is not implemented"
        raise RestError(501, "not_implemented_exception", reason)
    return frozenset(source.value)
