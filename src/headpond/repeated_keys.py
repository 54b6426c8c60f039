"""JSON objects that have the same key twice: parsers silently keep the last, Elasticsearch refuses the document."""

from __future__ import annotations

import json
import re
from typing import Any

_SPACED = re.compile(rb'"[ \t\r\n]+:')
_SPACES = (b" :", b"\t:", b"\n:", b"\r:")


def repeated_key(raw: bytes, document: dict[str, Any]) -> str | None:
    """The first key that an object has twice.

    Compares the keys that were kept with the number of `:` in the text, and then of `":`, which costs less than reading
    it; only where they are fewer it looks closely. Texts may hold both, too.

    Args:
        raw: the JSON text.
        document: the same, parsed.
    """
    if not document:
        return None
    kept = _keys(document)
    if kept >= raw.count(b":"):
        return None
    written = raw.count(b'":')
    if any(space in raw for space in _SPACES):
        written += len(_SPACED.findall(raw))
    if kept >= written:
        return None
    try:
        json.loads(raw, object_pairs_hook=_checked)
    except _RepeatedError as error:
        return error.key
    return None


class _RepeatedError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _keys(document: dict[str, Any]) -> int:
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
