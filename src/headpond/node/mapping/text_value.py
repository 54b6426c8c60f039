"""How Elasticsearch reads a JSON scalar as text."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np

from headpond.node.mapping.base import BadValue


def text_value(value: Any) -> str:
    """The text of a string, number or boolean.

    Raises:
        BadValue: the value is an object.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    raise BadValue("Expected text at {start} but found START_OBJECT", at_end=True)


def number_text(value: float | int) -> str:
    """A number as it stands in JSON: integers plain, floats in their shortest form."""
    return str(value) if isinstance(value, int) else repr(value)


def java_double(value: float) -> str:
    """A double as Java's `Double.toString` writes it: `0.001`, `1.0E10`, `1.0E-5`."""
    return _java(float(value), repr(float(value)))


def java_float(value: float) -> str:
    """A 32-bit float as Java's `Float.toString` writes it."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return _java(float(single), str(single))


def _java(value: float, shortest: str) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits, exponent = Decimal(shortest).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) + int(exponent) - 1
    minus = "-" if sign else ""
    if value == 0:
        return f"{minus}0.0"
    if -3 <= power < 7:
        plain = f"{Decimal(shortest):f}"
        return plain if "." in plain else f"{plain}.0"
    return f"{minus}{text[0]}.{text[1:] or '0'}E{power}"
