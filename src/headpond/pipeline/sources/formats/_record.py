"""One record out of its JSON text, strictly: what two readers would understand differently is no record."""

from __future__ import annotations

from typing import Any

import orjson

from headpond import exact_json
from headpond.pipeline.sources.base import Item
from headpond.repeated_keys import repeated_key

LONGEST = 100_000_000
"""Bytes of one record; a longer one is none."""

BOM = b"\xef\xbb\xbf"


def read_record(line: int, text: bytes, position: Any = None) -> Item:
    """The record, or why it is none: broken JSON, no object, invalid UTF-8, NaN, or a field that stands twice.

    Args:
        line: where it stands.
        text: its JSON.
        position: see `Item.position`.
    """
    try:
        document = exact_json.loads(text)
    except orjson.JSONDecodeError as error:
        if (at := _not_utf8(text)) is not None:
            return Item(line, None, shown(text), f"the text is not UTF-8 at byte {at + 1}", position)
        return Item(line, None, shown(text), f"broken JSON at column {error.colno}: {error.msg}", position)
    if not isinstance(document, dict):
        return Item(line, None, document, f"a record is a JSON object, not {_kind(document)}", position)
    if (twice := repeated_key(text, document)) is not None:
        return Item(line, None, shown(text), f"the field [{twice}] stands twice in one object", position)
    return Item(line, document, position=position, text=b"" if b"\n" in text else text)


def _not_utf8(text: bytes) -> int | None:
    """The place of the first byte that is no UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


def shown(text: bytes) -> str:
    """The text as a dead letter holds it."""
    return text.decode(errors="replace")


def too_long(line: int, text: bytes, position: Any) -> Item:
    """What is longer than a record may be; its beginning is kept."""
    return Item(line, None, shown(text[:1000]), f"the record is longer than {LONGEST:,} bytes", position)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")
