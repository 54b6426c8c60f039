"""One record out of its JSON text, strictly: what two readers would understand differently is no record."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from headpond.pipeline.sources.base import Item

LONGEST = 100_000_000
"""Bytes of one record; a longer one is none."""

BOM = b"\xef\xbb\xbf"

_NAMES = re.compile(rb'"[ \t\r\n]*:')


def read_record(line: int, text: bytes, position: Any = None) -> Item:
    """The record, or why it is none: broken JSON, no object, invalid UTF-8, NaN, or a field that stands twice.

    Args:
        line: where it stands.
        text: its JSON.
        position: see `Item.position`.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Item(line, None, shown(text), f"broken JSON at column {error.colno}: {error.msg}", position)
    if not isinstance(document, dict):
        return Item(line, None, document, f"a record is a JSON object, not {_kind(document)}", position)
    # A colon behind a quote also stands in texts, so there are at least as many as there are names.
    if len(_NAMES.findall(text)) != _names(document) and (twice := _repeated(text)) is not None:
        return Item(line, None, shown(text), f"the field [{twice}] stands twice in one object", position)
    return Item(line, document, position=position)


def shown(text: bytes) -> str:
    """The text as a dead letter holds it."""
    return text.decode(errors="replace")


def too_long(line: int, text: bytes, position: Any) -> Item:
    """What is longer than a record may be; its beginning is kept."""
    return Item(line, None, shown(text[:1000]), f"the record is longer than {LONGEST:,} bytes", position)


def _names(value: Any) -> int:
    """How many members the objects in a value have."""
    if isinstance(value, dict):
        return len(value) + sum(_names(inner) for inner in value.values() if isinstance(inner, dict | list))
    return sum(_names(inner) for inner in value if isinstance(inner, dict | list))


class _TwiceError(Exception):
    pass


def _repeated(text: bytes) -> str | None:
    def once(pairs: list[tuple[str, Any]]) -> None:
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise _TwiceError(name)
            seen.add(name)

    try:
        json.loads(text, object_pairs_hook=once)
    except _TwiceError as error:
        return str(error)
    except (ValueError, RecursionError):
        return None  # orjson has read it, so there is nothing wrong that matters here
    return None


def _kind(value: object) -> str:
    names = {list: "an array", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")
