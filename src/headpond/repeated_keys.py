"""JSON objects that have the same key twice: parsers silently keep the last, Elasticsearch refuses all of them."""

from __future__ import annotations

import json
import re
from typing import Any

_TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*")([ \t\r\n]*:)?|[{}]', re.DOTALL)
_SPACED = re.compile(rb'"[ \t\r\n]+:')


def repeated_key(raw: bytes, document: dict[str, Any] | list[Any]) -> str | None:
    """A key that an object has twice.

    Compares the keys that were kept with the number of `:` in the text, then of `":`, then of those that no escaped
    quote makes, which costs less than reading it; only where they are fewer it looks closely.

    Args:
        raw: the JSON text.
        document: the same, parsed.
    """
    if not document:
        return None
    outermost = len(document) if isinstance(document, dict) else 0
    if outermost >= raw.count(b":"):
        return None
    written = _written(raw)
    if outermost >= written:
        return None
    kept = _keys(document)
    if kept >= written or (b"\\" in raw and kept >= _written(raw.replace(b"\\\\", b"").replace(b'\\"', b""))):
        return None
    try:
        json.loads(raw, object_pairs_hook=_checked)
    except _RepeatedError as error:
        return error.key
    return None


def first_repeated(raw: bytes) -> tuple[str, int]:
    """The first key that an object has twice, and the byte behind it, of a text that has one.

    Args:
        raw: the JSON text.
    """
    seen: list[set[str]] = []
    for token in _TOKEN.finditer(raw):
        if token[2]:
            key = json.loads(token[1])
            if key in seen[-1]:
                return key, token.end(1)
            seen[-1].add(key)
        elif token[0] == b"{":
            seen.append(set())
        elif token[0] == b"}":
            seen.pop()
    raise ValueError("no key is there twice")


def _written(raw: bytes) -> int:
    """The keys in a text, or more."""
    written = raw.count(b'":')
    if b" :" in raw or b"\n:" in raw or b"\t:" in raw or b"\r:" in raw:
        written += len(_SPACED.findall(raw))
    return written


class _RepeatedError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _keys(document: dict[str, Any] | list[Any]) -> int:
    found = 0
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            found += len(value)
            value = value.values()
        elif isinstance(value[0], (int, float)):
            continue
        waiting += [inner for inner in value if inner and (type(inner) is dict or type(inner) is list)]
    return found


def _checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    if len(kept) == len(pairs):
        return kept
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _RepeatedError(key)
        seen.add(key)
    return kept
