"""Query bodies that Elasticsearch reads with its object parser, which words its errors in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.node.query.base import checked_boost
from headpond.node.search.json import AT, Json, MisplacedError

SCALARS = frozenset({"VALUE_STRING", "VALUE_NUMBER", "VALUE_BOOLEAN"})
NUMBERS = frozenset({"VALUE_STRING", "VALUE_NUMBER"})
BOOLEANS = frozenset({"VALUE_STRING", "VALUE_BOOLEAN"})
TEXTS = frozenset({"VALUE_STRING"})
OBJECTS = frozenset({"START_OBJECT"})
OBJECTS_OR_ARRAYS = frozenset({"START_OBJECT", "START_ARRAY"})


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: which JSON tokens it may start with, and how it is read."""

    tokens: frozenset[str]
    read: Callable[[Json], Any]


def text() -> Member:
    """A string."""
    return Member(TEXTS, Json.text)


def number() -> Member:
    """A number, possibly in quotes."""
    return Member(NUMBERS, Json.decimal)


def integer() -> Member:
    """A whole number, possibly in quotes."""
    return Member(NUMBERS, Json.integer)


def boolean() -> Member:
    """A boolean, possibly in quotes."""
    return Member(BOOLEANS, Json.boolean)


def objects(read: Callable[[Json], Any]) -> Member:
    """An object or an array of them."""
    return Member(OBJECTS_OR_ARRAYS, read)


COMMON: Mapping[str, Member] = {"boost": number(), "_name": text()}


def read_members(
    source: Json, parser: str, members: Mapping[str, Member], required: Iterable[str] = ()
) -> dict[str, Any]:
    """The members of an object, read.

    Args:
        source: a JSON object.
        parser: the name in error texts.
        members: the known ones.
        required: those that must be there.

    Raises:
        RestError: 400 for a member that is unknown, of the wrong type, or missing.
    """
    if not source.is_object:
        reason = f"[{AT}] [{parser}] Expected START_OBJECT but was: {source.token}"
        raise MisplacedError("x_content_parse_exception", reason, source)
    values: dict[str, Any] = {}
    for name, value in source.members():
        member = members.get(name)
        if member is None:
            raise value.unknown_field(parser, list(members))
        if value.token not in member.tokens:
            raise value.unsupported_type(parser)
        try:
            values[name] = member.read(value)
        except RestError as error:
            if error.status != 400:
                raise
            raise value.failed_member(parser, error) from None
    missing = [name for name in required if name not in values]
    if missing:
        raise RestError(400, "illegal_argument_exception", f"Required [{', '.join(missing)}]")
    return values


def read_object(source: Json, query: str, members: Mapping[str, Member], *, wrapped: bool = True) -> dict[str, Any]:
    """The members of a query's body, with `boost` and `_name` (which becomes `name`).

    Args:
        source: the body.
        query: the query's name.
        members: the known ones besides the common two.
        wrapped: whether errors come inside a `parsing_exception`, as for most of these queries.

    Raises:
        RestError: 400 for a member that is unknown or of the wrong type.
    """
    try:
        values = read_members(source, query, {**members, **COMMON})
    except MisplacedError as error:
        if not wrapped:
            raise
        raise MisplacedError(
            "parsing_exception", error.reason, error.source, "value", at=error.at, caused_by=error
        ) from None
    if "_name" in values:
        values["name"] = values.pop("_name")
    return checked_boost(query, values)


def failed_build(source: Json, query: str, reason: str, *, wrapped: bool) -> RestError:
    """The error for members that are fine alone but not together."""
    cause: RestError = RestError(400, "illegal_argument_exception", reason)
    text = f"Failed to build [{query}] after last required field arrived"
    cause = MisplacedError("x_content_parse_exception", text, source, "end", caused_by=cause)
    return MisplacedError("parsing_exception", text, source, "end", caused_by=cause) if wrapped else cause
