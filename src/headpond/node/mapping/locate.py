"""Where a value stands in a JSON text; only used to word errors, so it is simple rather than fast."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}]+")


class Place(NamedTuple):
    """Byte offsets of a value.

    Attributes:
        start: its first byte.
        end: the byte behind its last.
    """

    start: int
    end: int


def locate(text: bytes, keys: Sequence[str | int]) -> Place:
    """The place of the value that object keys and array positions lead to; as far as they lead where one is missing."""
    place = Place(at := _skip(text, 0), _end(text, at))
    for key in keys:
        inner = _child(text, place.start, key)
        if inner is None:
            break
        place = inner
    return place


def line_and_column(text: bytes, offset: int) -> str:
    """`line:column` of a byte, both counted from 1."""
    before = text[:offset]
    return f"{before.count(10) + 1}:{offset - (before.rfind(10) + 1) + 1}"


def next_token(text: bytes, offset: int) -> int:
    """The first byte at or behind an offset that is no white space and no comma or colon."""
    found = re.compile(rb"[ \t\r\n,:]*").match(text, offset)
    return found.end() if found else offset


def _skip(text: bytes, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _child(text: bytes, at: int, key: str | int) -> Place | None:
    opening = text[at : at + 1]
    if opening not in (b"{", b"["):
        return None
    at = _skip(text, at + 1)
    position = 0
    while at < len(text) and text[at : at + 1] not in (b"}", b"]"):
        name: str | int = position
        if opening == b"{":
            end = _end(text, at)
            name = orjson.loads(text[at:end])
            at = _skip(text, _skip(text, end) + 1)
        end = _end(text, at)
        if name == key:
            return Place(at, end)
        at = next_token(text, end)
        position += 1
    return None


def _end(text: bytes, at: int) -> int:
    first = text[at : at + 1]
    if first == b'"':
        found = _STRING.match(text, at)
        return found.end() if found else len(text)
    if first not in (b"{", b"["):
        found = _SCALAR.match(text, at)
        return found.end() if found else at + 1
    depth, here = 0, at
    while here < len(text):
        byte = text[here : here + 1]
        if byte == b'"':
            here = _end(text, here)
            continue
        depth += (byte in (b"{", b"[")) - (byte in (b"}", b"]"))
        here += 1
        if depth == 0:
            break
    return here
