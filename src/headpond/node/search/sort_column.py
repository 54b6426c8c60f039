"""The values of one sort key in one segment."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headpond.errors import RestError
from headpond.node.mapping.base import FieldType
from headpond.node.mapping.types.date import Date
from headpond.node.scoring.join import of_kind
from headpond.node.scoring.match import Match
from headpond.node.search.column_values import chosen_values, of_roots
from headpond.node.search.date_text import date_text
from headpond.node.search.json import not_a_number
from headpond.node.search.shard import Leaf, Shard
from headpond.node.search.sort import SortKey
from headpond.node.store.segment import Column, Int64

_INTS = frozenset({"integer", "short", "byte"})
_LONGS = frozenset({"long", "date", "boolean"})
_FLOATS = frozenset({"float", "double", "half_float", "scaled_float"})
_STRINGS = frozenset({"keyword", "ip"})
_LARGEST_INT, _LARGEST_LONG = (1 << 31) - 1, (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class SortColumn:
    """One sort key in one segment.

    Attributes:
        key: the sort key.
        field: its field; None for `_score`, `_doc` and `_shard_doc`.
        keys: int64[n] or float64[n]; ascending is better, comparable inside the segment.
        values: int64[n] or float64[n], what the answer shows; for strings places in `dictionary`, -1 for none.
        dictionary: the strings, None for numbers.
        single: whether the values are single-precision numbers.
    """

    key: SortKey
    field: FieldType | None
    keys: NDArray[Any]
    values: NDArray[Any]
    dictionary: list[str] | None = None
    single: bool = False

    def kept(self, rows: Int64) -> SortColumn:
        """Only the given rows."""
        return replace(self, keys=self.keys[rows], values=self.values[rows])

    def shown(self) -> list[Any]:
        """The values themselves; a missing string is None, single-precision numbers print as such."""
        if self.dictionary is None:
            if isinstance(self.field, Date) and self.key.format is not None:
                return [date_text(self.field, value, self.key.format) for value in self.values.tolist()]
            if self.single:
                return list(self.values.astype(np.float32))
            numbers: list[Any] = self.values.tolist()
            return numbers
        missing = None if self.key.missing in ("_first", "_last") else str(self.key.missing)
        return [missing if place < 0 else self.dictionary[place] for place in self.values.tolist()]

    def key_of(self, value: Any) -> float | int:
        """Where a value of `search_after` stands among `keys`.

        Raises:
            RestError: 400, the value does not suit the key.
        """
        if self.dictionary is not None:
            return _string_key(self.key, self.dictionary, None if value is None else str(value))
        try:
            number = self._number(value)
        except (TypeError, ValueError, RestError):
            cause = not_a_number(str(value))
            reason = f"Failed to parse search_after value for field [{self.key.field}]."
            raise RestError(400, "illegal_argument_exception", reason, caused_by=cause) from None
        if self.keys.dtype.kind == "f":
            return -number if self.key.descending else number
        return ~int(number) if self.key.descending else int(number)

    def _number(self, value: Any) -> float | int:
        if isinstance(value, bool) or value is None:
            raise TypeError(value)
        if isinstance(self.field, Date):
            return self.field.number(value, format=self.key.format)
        if self.single:
            return float(np.float32(value))
        return float(value) if self.keys.dtype.kind == "f" else int(value)


def sort_column(shard: Shard, leaf: Leaf, match: Match, docs: Int64, key: SortKey) -> SortColumn:
    """The values of some documents.

    Args:
        shard: the index.
        leaf: the segment.
        match: what matches in it, for the scores.
        docs: int64[n], ordinals.
        key: what to sort by.

    Raises:
        RestError: 400, the field cannot be sorted by.
    """
    if key.field == "_score":
        scores = match.scores[docs].astype(np.float64)
        return SortColumn(key, None, -scores if key.descending else scores, scores, single=True)
    if key.field == "_doc":
        ordinals = docs + leaf.base
        return SortColumn(key, None, ~ordinals if key.descending else ordinals, ordinals)
    if key.field == "_shard_doc":
        places = docs + leaf.base + (shard.number << 32)
        return SortColumn(key, None, ~places if key.descending else places, places)
    if key.field == "_id":
        setting = "indices.id_field_data.enabled"
        reason = f"you can re-enable it by updating the dynamic cluster setting: {setting}"
        raise _refused(f"Fielddata access on the _id field is disallowed, {reason}")
    field = shard.field(key.field)
    kind = field.type if field is not None else key.unmapped_type
    if kind is None:
        raise shard.error(f"No mapping found for [{key.field}] in order to sort on")
    if field is not None:
        _check(shard, field, key)
    column = _column(shard, leaf, key, field)
    if kind in _STRINGS:
        return _strings(docs, key, field, column)
    if kind in _INTS | _LONGS | _FLOATS:
        return _numbers(docs, key, field, column, kind)
    raise _refused(f"Field [{key.field}] of type [{kind}] is not supported for sorting")


def _column(shard: Shard, leaf: Leaf, key: SortKey, field: FieldType | None) -> Column | None:
    column = leaf.segment.columns.get(field.path) if field is not None else None
    if column is None or key.nested is None:
        return column
    mask = leaf.live & of_kind(leaf.segment, key.nested.path)
    if key.nested.filter is not None:
        number = shard.leaf_number(leaf.base)
        mask &= key.nested.filter.run(shard.inside(key.nested.path))[number].mask
    return of_roots(leaf.segment, column, mask)


def _check(shard: Shard, field: FieldType, key: SortKey) -> None:
    if key.format is not None and not isinstance(field, Date):
        raise _refused("require a date_time formatter; got [decimal]")
    scope = key.nested.path if key.nested is not None else shard.scope
    nested = shard.mapping.nested_path_of(field.path) or ""
    if key.nested is not None:
        if key.mode == "median":
            raise _refused("Unsupported sort mode: MEDIAN")
        mapper = shard.mapping.object(scope)
        if mapper is None or not mapper.nested:
            raise shard.error(f"[nested] failed to find nested object under path [{scope}]")
    if nested and nested != scope:
        reason = f"it is mandatory to set the [nested] context on the nested sort field: [{field.path}]."
        raise shard.error(reason)
    if field.type == "text":
        raise fielddata_disabled(shard.index.name, field.path)


def fielddata_disabled(index: str, path: str) -> RestError:
    """The answer to sorting or aggregating by full text."""
    return _refused(
        f"Fielddata is disabled on [{path}] in [{index}]. Text fields are not optimised for operations that require "
        "per-document field data like aggregations and sorting, so these operations are disabled by default. Please "
        f"use a keyword field instead. Alternatively, set fielddata=true on [{path}] in order to load field data by "
        "uninverting the inverted index. Note that this can use significant memory."
    )


def _numbers(docs: Int64, key: SortKey, field: FieldType | None, column: Column | None, kind: str) -> SortColumn:
    whole = kind not in _FLOATS
    largest: float | int = np.inf if not whole else _LARGEST_INT if kind in _INTS else _LARGEST_LONG
    if key.missing in ("_last", "_first"):
        at_the_top = (key.missing == "_last") != key.descending
        missing = largest if at_the_top else (-largest - 1 if whole else -largest)
    else:
        missing = field.number(key.missing) if field is not None else float(key.missing)
    dtype = np.int64 if whole else np.float64
    values = np.full(len(docs), missing, dtype)
    if column is not None:
        chosen, has = chosen_values(column, docs, key.chosen)
        values = np.where(has, chosen, values).astype(dtype)
    keys = values if not key.descending else np.invert(values, casting="unsafe") if whole else -values
    return SortColumn(key, field, keys, values, single=kind in ("float", "half_float"))


def _strings(docs: Int64, key: SortKey, field: FieldType | None, column: Column | None) -> SortColumn:
    dictionary = (column.dictionary or []) if column is not None else []
    places = np.full(len(docs), -1, np.int64)
    if column is not None:
        chosen, has = chosen_values(column, docs, key.chosen)
        places = np.where(has, chosen, -1).astype(np.int64)
    missing = None if key.missing in ("_last", "_first") else str(key.missing)
    keys = np.where(places >= 0, _directed(places * 2, key), _string_key(key, dictionary, missing))
    return SortColumn(key, field, keys, places, dictionary)


def _string_key(key: SortKey, dictionary: list[str], value: str | None) -> int:
    """Twice the place of a known string; between two places for an unknown one; at an end for none."""
    if value is None:
        return -_LARGEST_LONG if key.missing == "_first" else _LARGEST_LONG
    place = bisect_left(dictionary, value)
    known = place < len(dictionary) and dictionary[place] == value
    doubled = place * 2 - (0 if known else 1)
    return ~doubled if key.descending else doubled


def _directed(keys: NDArray[np.int64], key: SortKey) -> NDArray[np.int64]:
    return ~keys if key.descending else keys


def _refused(reason: str) -> RestError:
    return RestError(400, "illegal_argument_exception", reason)
