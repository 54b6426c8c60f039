"""Causes that Elasticsearch's JSON parser gives when a value has another kind than it was read as."""

from __future__ import annotations

from typing import Any

from headpond.errors import RestError
from headpond.node.mapping.base import BadValue


def token(value: Any) -> str:
    """The parser's name for a value, as in `VALUE_NUMBER_INT`."""
    if value is None:
        return "VALUE_NULL"
    if isinstance(value, bool):
        return "VALUE_TRUE" if value else "VALUE_FALSE"
    if isinstance(value, int):
        return "VALUE_NUMBER_INT"
    if isinstance(value, float):
        return "VALUE_NUMBER_FLOAT"
    if isinstance(value, str):
        return "VALUE_STRING"
    return "START_ARRAY" if isinstance(value, list) else "START_OBJECT"


def event(value: Any) -> str:
    """The parser's coarser name, as in `VALUE_NUMBER` and `VALUE_BOOLEAN`."""
    name = token(value)
    if name in ("VALUE_TRUE", "VALUE_FALSE"):
        return "VALUE_BOOLEAN"
    return "VALUE_NUMBER" if name.startswith("VALUE_NUMBER") else name


def not_of_type(value: Any, what: str) -> BadValue:
    """The value's kind is wrong, as in `Current token (VALUE_TRUE) not numeric, ...`."""
    text = f"Current token ({token(value)}) {what}"
    return parser_error(text, "json_parse_exception", at_end=isinstance(value, dict))


def parser_error(text: str, type: str, *, at_end: bool = False) -> BadValue:
    """An error of the JSON parser itself, which Elasticsearch wraps once."""
    inner = RestError(400, type, f"{text}\n at [Source: {{source}}]")
    return BadValue(
        f"[{{after}}] {text}\n at [Source: {{source}}]",
        type="x_content_parse_exception",
        at_end=at_end,
        caused_by=inner,
    )
