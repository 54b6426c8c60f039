"""Reads the value of a dense_vector field."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headpond.node.mapping.base import BadValue
from headpond.node.mapping.json_token import event, token
from headpond.node.mapping.text_value import java_float, number_text

UNIT_TOLERANCE = 1e-3
"""How far a squared length may be from 1 for dot_product."""

_NUMBERS = frozenset({int, float})
EXPECTED = "Failed to parse object: expecting token of type [VALUE_NUMBER] but found"


def read_floats(value: Any) -> NDArray[np.float32]:
    """A vector of floats.

    Raises:
        BadValue: the value is no list of numbers.
    """
    if not isinstance(value, list):
        found = "FIELD_NAME" if isinstance(value, dict) else "END_OBJECT"
        raise BadValue(f"{EXPECTED} [{found}]", type="parsing_exception", at_end=True)
    _check_numbers(value)
    with np.errstate(over="ignore"):
        return np.array(value, dtype=np.float32)


def read_bytes(value: Any, element_type: str) -> NDArray[np.int8]:
    """A vector of bytes, or of bits eight to a byte: a list of whole numbers or a string of hex digits.

    Raises:
        BadValue: the value is neither, or a number does not fit into a byte.
    """
    if isinstance(value, str):
        return _from_hex(value)
    if isinstance(value, dict):
        raise BadValue("Expected text at {start} but found START_OBJECT")
    if not isinstance(value, list):
        reason = f"Unsupported type [{event(value)}] for provided value [{value}]"
        raise BadValue(reason, type="parsing_exception")
    _check_numbers(value)
    for dim, item in enumerate(value):
        if isinstance(item, float) and not item.is_integer():
            raise BadValue(
                f"element_type [{element_type}] vectors only support non-decimal values but found decimal value "
                f"[{number_text(item)}] at dim [{dim}];",
                inner=(dim,),
            )
        if not -128 <= item <= 127:
            raise BadValue(
                f"element_type [{element_type}] vectors only support integers between [-128, 127] but found "
                f"[{int(item)}] at dim [{dim}];",
                inner=(dim,),
            )
    return np.array(value, np.int8)


def _from_hex(text: str) -> NDArray[np.int8]:
    if len(text) % 2:
        raise BadValue(f"string length not even: {len(text)}")
    for digit in text:
        if digit not in "0123456789abcdefABCDEF":
            reason = f'not a hexadecimal digit: "{digit}" = {ord(digit)}'
            raise BadValue(reason, type="number_format_exception")
    return np.frombuffer(bytes.fromhex(text), np.int8)


def _check_numbers(items: list[Any]) -> None:
    """Numpy would also take true, null and digits in strings for numbers."""
    if _NUMBERS.issuperset(map(type, items)):
        return
    for position, item in enumerate(items):
        if type(item) not in (int, float):
            raise BadValue(f"{EXPECTED} [{token(item)}]", type="parsing_exception", inner=(position,))


def magnitude(vector: NDArray[np.float32] | NDArray[np.int8], similarity: str | None, *, bits: bool = False) -> float:
    """The Euclidean length of a vector, of shape (dims,) or for bits (dims / 8,).

    Raises:
        BadValue: the vector does not suit the similarity.
    """
    if bits:
        return math.sqrt(int(np.bitwise_count(vector.view(np.uint8)).sum()))
    exact = vector.astype(np.float64)
    squared = float(exact @ exact)
    if not math.isfinite(squared):
        raise _unsuitable(
            vector,
            "NaN or Infinite magnitude detected, this usually means the vector values are too extreme to "
            "fit within the "
            "supported range.",
        )
    if similarity == "cosine" and squared == 0:
        raise _unsuitable(vector, "The [cosine] similarity does not support vectors with zero magnitude.")
    if similarity == "dot_product" and vector.dtype == np.float32 and abs(squared - 1) > UNIT_TOLERANCE:
        raise _unsuitable(vector, "The [dot_product] similarity can only be used with unit-length vectors.")
    return math.sqrt(squared)


def _unsuitable(vector: NDArray[np.float32] | NDArray[np.int8], reason: str) -> BadValue:
    whole = vector.dtype == np.int8
    shown = [str(int(item)) if whole else java_float(item) for item in vector[:5]]
    more = ", ..." if len(vector) > 5 else ""
    return BadValue(f"{reason} Preview of invalid vector: [{', '.join(shown)}{more}]", at_end=True)
