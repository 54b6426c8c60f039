"""Reads the JSON text of a document."""

from __future__ import annotations

from typing import Any

import orjson

from headpond import exact_json
from headpond.errors import RestError
from headpond.node.call import illegal_argument, repeated
from headpond.repeated_keys import repeated_key


def read_source(raw: bytes) -> dict[str, Any]:
    """The JSON object of a document.

    Raises:
        RestError: 400 `document_parsing_exception`, the text is no JSON object, or an object in it has a key twice.
    """
    try:
        document = exact_json.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unreadable(raw, error) from None
    if not isinstance(document, dict):
        raise RestError(400, "document_parsing_exception", "Malformed content, must start with an object")
    if repeated_key(raw, document) is not None:
        cause = repeated(raw)
        reason = f"[1:2] failed to parse: {cause.reason}"
        raise RestError(400, "document_parsing_exception", reason, caused_by=cause)
    return document


def _unreadable(raw: bytes, error: orjson.JSONDecodeError) -> RestError:
    if error.msg.startswith("unexpected content after document") and raw[error.pos : error.pos + 1] in b"{[":
        opening = "START_OBJECT" if raw[error.pos : error.pos + 1] == b"{" else "START_ARRAY"
        return illegal_argument(f"Malformed content, found extra data after parsing: {opening}")
    where = f"{error.lineno}:{error.colno}"
    early = error.pos >= len(error.doc)
    kind = "x_content_e_o_f_exception" if early else "x_content_parse_exception"
    cause = RestError(400, kind, f"[{where}] {'Unexpected end of file' if early else error.msg}")
    reason = f"[1:2] failed to parse: {cause.reason}"
    return RestError(400, "document_parsing_exception", reason, caused_by=cause)
