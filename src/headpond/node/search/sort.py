"""`sort`: the keys documents are ordered by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from headpond.errors import RestError
from headpond.node.query._object import OBJECTS, SCALARS, TEXTS, Member, read_members
from headpond.node.query.base import Query, parse_query
from headpond.node.search.json import Json

Mode = Literal["min", "max", "sum", "avg", "median"]

_MODES: dict[str, Mode] = {"min": "min", "max": "max", "sum": "sum", "avg": "avg", "median": "median"}


@dataclass(frozen=True, slots=True)
class NestedSort:
    """Nested objects whose values count for the order of their documents.

    Attributes:
        path: their nested path.
        filter: only objects that match it count.
    """

    path: str
    filter: Query | None = None


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key.

    Attributes:
        field: full path, `_score`, `_doc` or `_shard_doc`.
        descending: whether large values come first.
        mode: which of several values counts; the smallest when ascending, the largest when descending, if None.
        missing: `_last`, `_first`, or the value that documents without one have.
        unmapped_type: the type an unmapped field is taken for; without it such a field is an error.
        format: how dates are shown.
        nested: the nested objects whose values count.
    """

    field: str
    descending: bool = False
    mode: Mode | None = None
    missing: Any = "_last"
    unmapped_type: str | None = None
    format: str | None = None
    nested: NestedSort | None = None

    @property
    def chosen(self) -> Mode:
        """The mode in force."""
        return self.mode or ("max" if self.descending else "min")


def read_sort(source: Json) -> tuple[SortKey, ...]:
    """Reads `"field"`, `{"field": "desc"}`, `{"field": {...}}`, or an array of them.

    Returns:
        The keys; none when the order is that of the scores alone, as without `sort`.

    Raises:
        RestError: 400 for what is malformed, 501 for keys that are known but missing here.
    """
    if source.is_scalar and source.value is not None:
        return _simplified([_plain(source.text())])
    keys: list[SortKey] = []
    for element in source.elements():
        if element.is_object:
            keys += [_read_key(name, body) for name, body in element.members()]
        elif isinstance(element.value, str):
            keys.append(_plain(element.value))
        else:
            reason = "malformed sort format, within the sort array, an object, or an actual string are allowed"
            raise RestError(400, "illegal_argument_exception", reason)
    return _simplified(keys)


def parse_sort_parameter(text: str) -> tuple[SortKey, ...]:
    """Reads the query parameter: `field`, `field:desc`, several with commas.

    Raises:
        RestError: 400, the order is neither `asc` nor `desc`.
    """
    keys = []
    for item in text.split(","):
        field, colon, order = item.rpartition(":")
        if not colon:
            keys.append(_plain(item))
        elif order in ("asc", "desc"):
            keys.append(SortKey(field, order == "desc"))
        else:
            raise RestError(400, "illegal_argument_exception", f"Unknown sort order [{order}]")
    return _simplified(keys)


def _simplified(keys: list[SortKey]) -> tuple[SortKey, ...]:
    by_score_alone = len(keys) == 1 and keys[0].field == "_score" and keys[0].descending
    return () if by_score_alone else tuple(keys)


def _plain(field: str) -> SortKey:
    return SortKey(field, descending=field == "_score")


def _read_key(field: str, body: Json) -> SortKey:
    if field in ("_script", "_geo_distance"):
        raise RestError(501, "not_implemented_exception", f"sorting by [{field}] is not implemented")
    if not body.is_object:
        return SortKey(field, _read_order(body))
    default = field == "_score"
    if default:
        return SortKey(field, **({"descending": True} | _renamed(read_members(body, "_score", {"order": _ORDER}))))
    return SortKey(field, **_renamed(read_members(body, "field_sort", _MEMBERS)))


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    if "order" in values:
        values["descending"] = values.pop("order")
    return {name: value for name, value in values.items() if name in SortKey.__dataclass_fields__}


def _read_order(source: Json) -> bool:
    text = source.text()
    if text.lower() not in ("asc", "desc"):
        reason = f"No enum constant org.elasticsearch.search.sort.SortOrder.{text.upper()}"
        raise RestError(400, "illegal_argument_exception", reason)
    return text.lower() == "desc"


def _read_mode(source: Json) -> Mode:
    mode = _MODES.get(source.text().lower())
    if mode is None:
        raise RestError(400, "illegal_argument_exception", f"Unknown SortMode [{source.text()}]")
    return mode


def _read_nested(source: Json) -> NestedSort:
    members = {
        "path": Member(TEXTS, Json.text),
        "filter": Member(OBJECTS, parse_query),
        "max_children": Member(SCALARS, _refused("nested.max_children")),
        "nested": Member(OBJECTS, _refused("nested.nested")),
    }
    return NestedSort(**read_members(source, "nested_sort", members, required=["path"]))


def _refused(name: str) -> Callable[[Json], None]:
    def read(source: Json) -> None:
        raise RestError(501, "not_implemented_exception", f"the option [{name}] of [sort] is not implemented")

    return read


_ORDER = Member(SCALARS, _read_order)
_MEMBERS = {
    "order": _ORDER,
    "mode": Member(SCALARS, _read_mode),
    "missing": Member(SCALARS, lambda source: source.value),
    "unmapped_type": Member(SCALARS, Json.text),
    "numeric_type": Member(SCALARS, _refused("numeric_type")),
    "format": Member(SCALARS, Json.text),
    "nested": Member(OBJECTS, _read_nested),
}
