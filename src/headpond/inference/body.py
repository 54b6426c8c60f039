"""Reading a request body member by member, with the errors of Elasticsearch's strict parsers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.inference.json_position import Path, position

Reader = Callable[[Path, Any], Any]


class Body:
    """A parsed body with the text it came from, for line and column in errors.

    The first error in the text is the one reported, as members are read in their order.

    Args:
        value: the parsed JSON.
        raw: the bytes it was parsed from; None makes them when an error needs them.
    """

    def __init__(self, value: Any, raw: bytes | None = None) -> None:
        self.value = value
        self._raw = raw

    def object(self, parser: str, path: Path, value: Any, readers: Mapping[str, Reader]) -> dict[str, Any]:
        """Reads an object; a member without a reader is an error.

        Args:
            parser: the name of Elasticsearch's parser, for messages.
            path: where the object stands.
            value: what stands there.
            readers: member -> what reads it.

        Raises:
            RestError: 400 `x_content_parse_exception`.
        """
        if not isinstance(value, dict):
            raise self.error(parser, path, f"Expected START_OBJECT but was: {token(value)}")
        read: dict[str, Any] = {}
        for name, member in value.items():
            reader = readers.get(name)
            if reader is None:
                raise self.error(parser, (*path, name), f"unknown field [{name}]", of_key=True)
            read[name] = reader((*path, name), member)
        return read

    def error(self, parser: str, path: Path, text: str, *, of_key: bool = False) -> RestError:
        """What is wrong at a place."""
        line, column = self.position(path, of_key=of_key)
        return RestError(400, "x_content_parse_exception", f"[{line}:{column}] [{parser}] {text}")

    def unsupported(self, parser: str, path: Path, value: Any) -> RestError:
        """A member of a type it cannot have."""
        return self.error(parser, path, f"{path[-1]} doesn't support values of type: {token(value)}")

    def failed(self, parser: str, path: Path, cause: RestError, *, at: tuple[int, int] | None = None) -> RestError:
        """A member whose value could not be read; the cause says why."""
        line, column = at or self.position(path)
        reason = f"[{line}:{column}] [{parser}] failed to parse field [{path[-1]}]"
        return RestError(400, "x_content_parse_exception", reason, caused_by=cause)

    def position(self, path: Path, *, of_key: bool = False) -> tuple[int, int]:
        """Line and column of a place, both from 1."""
        raw = self._raw if self._raw is not None else orjson.dumps(self.value)
        return position(raw, path, of_key=of_key)


class Members:
    """Readers of members of one parser.

    Args:
        body: the whole.
        parser: the name of Elasticsearch's parser, for messages.
    """

    def __init__(self, body: Body, parser: str) -> None:
        self._body = body
        self._parser = parser

    def text(self, path: Path, value: Any) -> str:
        """A string."""
        if not isinstance(value, str):
            raise self._body.unsupported(self._parser, path, value)
        return value

    def texts(self, path: Path, value: Any) -> tuple[str, ...]:
        """An array of texts, in which numbers and truth values become texts; one text stands for an array of one."""
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise self._body.unsupported(self._parser, path, value)
        return tuple(item if isinstance(item, str) else self._as_text(path, i, item) for i, item in enumerate(value))

    def _as_text(self, path: Path, index: int, item: Any) -> str:
        if isinstance(item, bool):
            return "true" if item else "false"
        if isinstance(item, (int, float)):
            return orjson.dumps(item).decode()
        line, column = self._body.position((*path, index))
        reason = f"Expected text at {line}:{column} but found {token(item)}"
        cause = RestError(400, "illegal_argument_exception", reason)
        raise self._body.failed(self._parser, path, cause, at=(line, column))

    def any_object(self, path: Path, value: Any) -> dict[str, Any]:
        """An object that is passed on as it is."""
        if not isinstance(value, dict):
            raise self._body.unsupported(self._parser, path, value)
        return value

    def integer(self, path: Path, value: Any) -> int:
        """A whole number, also as a float without a fraction or as text."""
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise self._body.unsupported(self._parser, path, value)
        if isinstance(value, float):
            if not value.is_integer():
                raise self.failed(path, f"{value} cannot be converted to Integer without data loss")
            return int(value)
        try:
            return int(value)
        except ValueError:
            raise self.failed(path, f'For input string: "{value}"', "number_format_exception") from None

    def number(self, path: Path, value: Any) -> float:
        """A number, also as text."""
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise self._body.unsupported(self._parser, path, value)
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.failed(path, f'For input string: "{value}"', "number_format_exception")
        return number

    def flag(self, path: Path, value: Any) -> bool:
        """A boolean, also as text."""
        if isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise self._body.unsupported(self._parser, path, value)
        if value not in ("true", "false"):
            raise self.failed(path, f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
        return value == "true"

    def failed(self, path: Path, reason: str, type: str = "illegal_argument_exception") -> RestError:
        """A member whose value could not be read."""
        return self._body.failed(self._parser, path, RestError(400, type, reason))


def token(value: Any) -> str:
    """The name Elasticsearch's parser has for a JSON value."""
    if value is None:
        return "VALUE_NULL"
    if isinstance(value, bool):
        return "VALUE_BOOLEAN"
    if isinstance(value, (int, float)):
        return "VALUE_NUMBER"
    if isinstance(value, str):
        return "VALUE_STRING"
    return "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
