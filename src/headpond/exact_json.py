"""JSON by orjson, except that whole numbers beyond 64 bits stay what they are.

orjson reads them as floating-point numbers, which changes their digits, and does not write them. Elasticsearch keeps
them: in `_source` always, in the index where the field's type can hold them; and refuses them where it cannot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson

LONGEST_DIGITS = 19
"""Digits of the largest signed 64-bit number."""

_ZEROS = bytes.maketrans(b"0123456789", b"0" * 10)
_LONG = b"0" * LONGEST_DIGITS


def loads(data: bytes) -> Any:
    """One JSON value.

    Raises:
        orjson.JSONDecodeError: the text is no JSON.
    """
    value = orjson.loads(data)
    return json.loads(data) if _may_be_large(data.translate(_ZEROS)) else value


def dumps(value: Any, option: int = 0, default: Callable[[Any], Any] | None = None) -> bytes:
    """The JSON text of a value.

    Args:
        value: what orjson takes, with whole numbers of any size.
        option: orjson's.
        default: makes JSON of what orjson does not know.

    Raises:
        orjson.JSONEncodeError: the value is not JSON, or nested too deep.
    """
    try:
        return orjson.dumps(value, default=default, option=option)
    except orjson.JSONEncodeError as error:
        if "64-bit" not in str(error):
            raise
    return orjson.dumps(_spelled(value), default=default, option=option)


def _may_be_large(zeros: bytes) -> bool:
    """Whether a number may be a whole one of many digits, in a text whose digits are all zeros.

    Digits inside of texts count, too: that costs time and changes nothing. Fractions are passed over, because numbers
    of embeddings often have as many.
    """
    at = zeros.find(_LONG)
    while at >= 0:
        if zeros[at - 1 : at] != b".":
            return True
        at += LONGEST_DIGITS
        while zeros[at : at + 1] == b"0":
            at += 1
        at = zeros.find(_LONG, at)
    return False


def _spelled(value: Any) -> Any:
    """A copy in which large numbers are JSON already."""
    if type(value) is int and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(value))
    if isinstance(value, Mapping):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    return value
