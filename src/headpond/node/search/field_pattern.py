"""Entries of `fields` and `docvalue_fields`."""

from __future__ import annotations

from dataclasses import dataclass

from headpond.errors import RestError
from headpond.node.search.json import Json


@dataclass(frozen=True, slots=True)
class FieldPattern:
    """Fields to show.

    Attributes:
        pattern: a path, with `*` for any text.
        format: how dates are shown; as the field's format says when None.
    """

    pattern: str
    format: str | None = None


def read_fields(source: Json) -> tuple[FieldPattern, ...]:
    """Reads an array of patterns and of `{"field": "published", "format": "yyyy"}`.

    Raises:
        RestError: 400 for anything else, 501 for options that are known but missing here.
    """
    return tuple(_read_one(element) for element in source.elements())


def _read_one(source: Json) -> FieldPattern:
    if not source.is_object:
        return FieldPattern(source.text())
    pattern: str | None = None
    format: str | None = None
    for name, value in source.members():
        if name == "field":
            pattern = value.text()
        elif name == "format":
            format = value.text()
        elif name != "include_unmapped" or value.boolean():
            raise RestError(501, "not_implemented_exception", f"the option [{name}] of [fields] is not implemented")
    if pattern is None:
        raise RestError(400, "illegal_argument_exception", "Required [field]")
    return FieldPattern(pattern, format)
