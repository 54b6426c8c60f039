"""`docvalue_fields`: values out of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headpond.errors import RestError
from headpond.node.mapping.types.date import Date
from headpond.node.search.date_text import date_text
from headpond.node.search.field_pattern import FieldPattern
from headpond.node.search.shard import Leaf, Shard

_WITHOUT = frozenset({"text", "sparse_vector", "dense_vector"})


def docvalues(shard: Shard, leaf: Leaf, ordinal: int, patterns: Sequence[FieldPattern]) -> dict[str, list[Any]]:
    """The column values of one document by field, ascending.

    Raises:
        RestError: 400, a field that is named has no column.
    """
    shown: dict[str, list[Any]] = {}
    for wanted in patterns:
        for field in shard.mapping.fields_matching(wanted.pattern):
            if field.type in _WITHOUT:
                if "*" in wanted.pattern:
                    continue
                reason = f"Can't load fielddata on [{field.path}] because fielddata is unsupported on fields of type"
                raise RestError(400, "illegal_argument_exception", f"{reason} [{field.type}]. Use doc values instead.")
            column = leaf.segment.columns.get(field.path)
            if column is None:
                continue
            values = column.values[column.starts[ordinal] : column.starts[ordinal + 1]].tolist()
            if column.dictionary is not None:
                values = [column.dictionary[value] for value in values]
            elif isinstance(field, Date):
                values = [date_text(field, value, wanted.format) for value in values]
            elif field.type == "boolean":
                values = [bool(value) for value in values]
            if values:
                shown[field.path] = values
    return shown
