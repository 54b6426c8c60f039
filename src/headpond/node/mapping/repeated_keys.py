"""Refuses JSON objects that have the same key twice, of which a parser would silently keep the last."""

from __future__ import annotations

import json
from typing import Any

from headpond.errors import RestError


def refuse_repeated_keys(raw: bytes, document: dict[str, Any]) -> None:
    """Compares the keys that were kept with the number of `":` in the text; only where they are fewer it looks closely.

    Args:
        raw: the JSON text.
        document: the same, parsed.

    Raises:
        RestError: 400 `document_parsing_exception`, an object has a key twice.
    """
    if document and _keys(document) < raw.count(b'":') + raw.count(b'" :'):
        json.loads(raw, object_pairs_hook=_checked)


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
    name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    cause = RestError(400, "x_content_parse_exception", f"Duplicate field '{name}'")
    raise RestError(400, "document_parsing_exception", f"[1:2] failed to parse: {cause.reason}", caused_by=cause)
