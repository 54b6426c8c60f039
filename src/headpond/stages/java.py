"""JSON values as Java sees and prints them, for messages and texts that must equal Elasticsearch's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from headpond.errors import RestError

_INT, _LONG = 1 << 31, 1 << 63


def type_name(value: Any) -> str:
    """The Java class that Elasticsearch holds a JSON value in, as in `java.lang.String`; `null` for None."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "java.lang.Boolean"
    if isinstance(value, int):
        if -_INT <= value < _INT:
            return "java.lang.Integer"
        return "java.lang.Long" if -_LONG <= value < _LONG else "java.math.BigInteger"
    if isinstance(value, float):
        return "java.lang.Double"
    if isinstance(value, str):
        return "java.lang.String"
    if isinstance(value, Mapping):
        return "java.util.HashMap"
    if isinstance(value, list | np.ndarray):
        return "java.util.ArrayList"
    return type(value).__name__


def text(value: Any) -> str:
    """What `toString()` gives: `{a=1, b=[x, true]}`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text(key)}={text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return "[" + ", ".join(text(item) for item in value) + "]"
    return str(value)


def double_text(value: float) -> str:
    """`Double.toString`: the shortest digits; in powers of ten below 0.001 and from 10,000,000 on (`1.0E7`)."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return np.format_float_positional(value, unique=True, trim="0")
    mantissa, _, exponent = np.format_float_scientific(value, unique=True, trim="0").partition("e")
    return f"{mantissa}E{int(exponent)}"


def shortest_float(value: float) -> float:
    """A value rounded to 32 bits, with the digits that `Float.toString` shows."""
    with np.errstate(over="ignore"):  # what is too large becomes infinite, as in Java
        single = np.float32(value)
    return float(str(single)) if np.isfinite(single) else float(single)


BLANKS = "".join(map(chr, range(33)))
"""What `String.trim` takes away: everything up to the space."""


_FLOATING = re.compile(r"[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)", re.ASCII)
_HEX_FLOATING = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)[fFdD]?", re.ASCII)
_POINTS = re.compile(r"[+-]?\d*\.\d*\.", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+")  # digits of any script, as in Java
_HEX = re.compile(r"(-?)0x([0-9a-fA-F]+)")


def parse_double(value: str) -> float:
    """`Double.parseDouble`.

    Raises:
        RestError: `number_format_exception`.
    """
    stripped = value.strip(BLANKS)
    if not stripped:
        raise _no_number("empty String")
    if match := _HEX_FLOATING.fullmatch(stripped):
        return _from_hex(match[1])
    if _POINTS.match(stripped):
        raise _no_number("multiple points")
    if not _FLOATING.fullmatch(stripped):
        raise _no_number(f'For input string: "{value}"')
    return float(stripped.rstrip("fFdD") if stripped[-1] in "fFdD" else stripped)


def parse_whole(value: str, bits: int, *, hexadecimal: bool = False) -> int:
    """`Integer.parseInt` (32 bits) and `Long.parseLong` (64); with `hexadecimal` also `0x1F`.

    Raises:
        RestError: `number_format_exception`.
    """
    number, shown = None, f'"{value}"'
    if hexadecimal and value.startswith(("0x", "-0x")):
        shown = f'"{value.replace("0x", "", 1)}" under radix 16'
        if match := _HEX.fullmatch(value):
            number = int(match[1] + match[2], 16)
    elif _WHOLE.fullmatch(value):
        number = int(value)
    if number is None or not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise _no_number(f"For input string: {shown}")
    return number


def _from_hex(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("-inf" if text.startswith("-") else "inf")


def _no_number(reason: str) -> RestError:
    return RestError(400, "number_format_exception", reason)
