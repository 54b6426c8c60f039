"""A query that chooses documents of an index, as a user writes it: JSON, or a file that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from headpond.errors import InputError


def read_query(text: str) -> dict[str, Any]:
    """The query; a whole search body with nothing but `query` is one, too.

    Args:
        text: JSON, or the path of a file with JSON.

    Raises:
        InputError: there is no such file, or it is not JSON of this form.
    """
    where, given = "the source query", text.encode()
    if not text.lstrip().startswith("{"):
        where = text
        try:
            given = Path(text).expanduser().read_bytes()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=where) from None
    try:
        query = orjson.loads(given)
    except orjson.JSONDecodeError as error:
        reason = f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise InputError(reason, where=where) from None
    if isinstance(query, dict) and query.keys() == {"query"}:
        query = query["query"]
    if not isinstance(query, dict) or len(query) != 1:
        raise InputError("is no query", where=where, hint='as in {"term": {"lang": "en"}}')
    return query
