"""The field that an aggregation is about, and its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headpond.errors import RestError
from headpond.node.aggregation.base import Scope
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import FieldType
from headpond.node.mapping.types.date import Date
from headpond.node.query._object import SCALARS, TEXTS, Member, read_members
from headpond.node.search.date_text import date_text
from headpond.node.search.json import Json, not_a_number
from headpond.node.search.sort_column import fielddata_disabled
from headpond.node.store.segment import Int64

WHOLE = frozenset({"byte", "integer", "long", "short"})
FRACTIONS = frozenset({"double", "float", "half_float"})
OF_NUMBERS = WHOLE | FRACTIONS | {"boolean", "date"}


@dataclass(frozen=True, slots=True)
class Values:
    """The values of some documents of one segment.

    Attributes:
        docs: int64[n], the document of each.
        values: [n], numbers or places in the dictionary; ascending inside a document.
        dictionary: the strings, None for numbers.
        without: int64[m], the documents that have none.
    """

    docs: Int64
    values: NDArray[Any]
    dictionary: list[str] | None
    without: Int64


def read_field(source: Json, parser: str, more: Mapping[str, Member] | None = None) -> tuple[str, Any, dict[str, Any]]:
    """Reads `{"field": "price", "missing": 0}`.

    Args:
        source: the body of the aggregation.
        parser: its type.
        more: further members.

    Returns:
        The field, what stands for it in documents without it, and the further members.

    Raises:
        RestError: 400 for unknown members, or without a field; 501 for scripts and formats.
    """
    members = {
        "field": Member(TEXTS, Json.text),
        "missing": Member(SCALARS, lambda value: value.value),
        "format": Member(TEXTS, refused(parser)),
        "script": Member(TEXTS | {"START_OBJECT"}, refused(parser)),
        **(more or {}),
    }
    values = read_members(source, parser, members)
    if "field" not in values:
        raise illegal_argument("Required one of fields [field, script], but none were specified.")
    return values.pop("field"), values.pop("missing", None), values


def refused(parser: str) -> Callable[[Json], Any]:
    """The reader of a member that is missing here."""

    def read(source: Json) -> Any:
        raise RestError(501, "not_implemented_exception", f"[{source.name}] of [{parser}] is not implemented")

    return read


def field_of(scope: Scope, path: str, aggregation: str, *, numeric: bool) -> FieldType | None:
    """The field in the indices that have it; None where no index has.

    Raises:
        RestError: 400, it does not suit the aggregation; 501, indices disagree, or it is one of Elasticsearch's own.
    """
    if path == "_id":
        reason = "Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster"
        raise illegal_argument(f"{reason} setting: indices.id_field_data.enabled")
    if path.startswith("_"):
        raise RestError(501, "not_implemented_exception", f"aggregating the field [{path}] is not implemented")
    found: FieldType | None = None
    for shard in scope.shards:
        field = shard.field(path)
        if field is None:
            continue
        if field.type == "text":
            raise fielddata_disabled(shard.index.name, path)
        if field.type not in OF_NUMBERS and (numeric or field.type != "keyword"):
            reason = f"Field [{path}] of type [{field.type}] is not supported for aggregation [{aggregation}]"
            raise illegal_argument(reason)
        if not field.option("doc_values"):
            reason = f"Can't load fielddata on [{path}] because fielddata is unsupported on fields of type"
            raise illegal_argument(f"{reason} [{field.type}]. Use doc values instead.")
        if found is not None and found.type != field.type:
            reason = f"aggregating [{path}], which is [{found.type}] in one index and [{field.type}] in another,"
            raise RestError(501, "not_implemented_exception", f"{reason} is not implemented")
        found = field
    return found


def values_of(scope: Scope, path: str) -> Iterator[Values]:
    """The values of the documents, segment by segment."""
    for shard, masks in zip(scope.shards, scope.masks, strict=True):
        for leaf, mask in zip(shard.leaves, masks, strict=True):
            column = leaf.segment.columns.get(path)
            if column is None:
                none = np.zeros(0, np.int64)
                yield Values(none, np.zeros(0, np.int64), None, np.flatnonzero(mask))
                continue
            counts = np.diff(column.starts)
            docs = np.repeat(np.arange(len(counts)), counts)
            kept = mask[docs]
            yield Values(docs[kept], column.values[kept], column.dictionary, np.flatnonzero(mask & (counts == 0)))


def as_value(field: FieldType | None, given: Any, member: str) -> Any:
    """A value in a request, as in `missing`, as one of the field.

    Raises:
        RestError: 400, it is none; 501 for dates and booleans.
    """
    if field is not None and field.type == "keyword":
        return str(given)
    if field is None or field.type in ("boolean", "date"):
        reason = f"[{member}] for a field that is a date, a boolean or not mapped is not implemented"
        raise RestError(501, "not_implemented_exception", reason)
    try:
        return int(given) if field.type in WHOLE else float(given)
    except (TypeError, ValueError):
        raise not_a_number(str(given)) from None


def as_text(field: FieldType | None, value: float) -> str | None:
    """A number as text where the field has another form than a number: dates and booleans."""
    if isinstance(field, Date):
        return date_text(field, int(value))
    if field is not None and field.type == "boolean":
        return "true" if value else "false"
    return None
