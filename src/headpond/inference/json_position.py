"""Where a value stands in JSON text, for errors that name line and column as Elasticsearch's parser does: in bytes.

Only called once something is known to be wrong, so it is simple rather than fast, and reading requests costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson

Path = tuple[str | int, ...]

_SPACE = re.compile(rb"[ \t\r\n]*")
_BETWEEN = re.compile(rb"[ \t\r\n,:]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}]+")


class Place(NamedTuple):
    """Byte offsets of a value.

    Attributes:
        key: the first byte of its key; of what has none, of itself.
        start: its first byte.
        end: the byte behind its last.
    """

    key: int
    start: int
    end: int


def find(text: bytes, path: Sequence[str | int]) -> Place | None:
    """The place of the value that keys and indexes from the root lead to; None where one of them is missing."""
    place = _root(text)
    for key in path:
        inner = _child(text, place.start, key)
        if inner is None:
            return None
        place = inner
    return place


def locate(text: bytes, path: Sequence[str | int]) -> Place:
    """The place of the value that keys and indexes lead to; as far as they lead where one is missing."""
    place = _root(text)
    for key in path:
        inner = _child(text, place.start, key)
        if inner is None:
            break
        place = inner
    return place


def position(text: bytes, path: Sequence[str | int], *, of_key: bool = False) -> tuple[int, int]:
    """Line and column, both from 1, of a value or of its key.

    Raises:
        KeyError: the text has no such path.
    """
    place = find(text, path)
    if place is None:
        raise KeyError(path)
    return coordinates(text, place.key if of_key else place.start)


def coordinates(text: bytes, offset: int) -> tuple[int, int]:
    """Line and column of a byte, both from 1."""
    return text.count(b"\n", 0, offset) + 1, offset - text.rfind(b"\n", 0, offset)


def line_and_column(text: bytes, offset: int) -> str:
    """`line:column` of a byte, both from 1."""
    line, column = coordinates(text, offset)
    return f"{line}:{column}"


def next_token(text: bytes, offset: int) -> int:
    """The first byte at or behind an offset that is no white space and no comma or colon."""
    found = _BETWEEN.match(text, offset)
    return found.end() if found else offset


def _root(text: bytes) -> Place:
    start = _skip(text, 0)
    return Place(start, start, _end(text, start))


def _skip(text: bytes, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _child(text: bytes, at: int, wanted: str | int) -> Place | None:
    opening = text[at : at + 1]
    if opening not in (b"{", b"["):
        return None
    at = _skip(text, at + 1)
    index = 0
    while at < len(text) and text[at : at + 1] not in (b"}", b"]"):
        name: str | int = index
        first = at
        if opening == b"{":
            end = _end(text, at)
            name = orjson.loads(text[at:end])
            at = _skip(text, _skip(text, end) + 1)
        end = _end(text, at)
        if name == wanted:
            return Place(first, at, end)
        at = next_token(text, end)
        index += 1
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
