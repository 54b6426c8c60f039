"""Elasticsearch's time units: `500ms`, `30s`, `1m`, `-1`."""

from __future__ import annotations

import re
from functools import lru_cache

_SECONDS = {"nanos": 1e-9, "micros": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNITS = ("nanos", "micros", "ms", "s", "m", "h", "d")
_LONG = re.compile(r"[+-]?\d+")


@lru_cache(maxsize=256)
def parse_duration(text: str, setting: str) -> float:
    """Reads a duration; the unit is needed except for `0` and for `-1`, which means "none".

    Args:
        text: what the user wrote.
        setting: its name, for the error.

    Returns:
        Seconds; -1.0 for `-1`.

    Raises:
        ValueError: Elasticsearch's text, ready to be the reason of a 400.
    """
    failed = f"failed to parse setting [{setting}] with value [{text}] as a time value"
    plain = text.strip().lower()
    # "M" is a month elsewhere in Elasticsearch, so the one-letter minute must be lower case.
    unit = next((unit for unit in _UNITS if plain.endswith(unit)), None)
    if unit == "m" and not text.endswith("m"):
        unit = None
    if unit is None:
        if re.fullmatch(r"-0*1", plain):
            return -1.0
        if re.fullmatch(r"0+", plain):
            return 0.0
        raise ValueError(f"{failed}: unit is missing or unrecognized")
    number = plain[: -len(unit)].strip()
    if not _LONG.fullmatch(number):
        try:
            float(number)
        except ValueError:
            raise ValueError(failed) from None
        raise ValueError(f"{failed}: fractional time values are not supported")
    if abs(int(number)) >= 2**63:
        raise ValueError(failed)
    if int(number) < -1:
        raise ValueError(f"{failed}: negative durations are not supported")
    return -1.0 if int(number) == -1 else int(number) * _SECONDS[unit]


def format_duration(seconds: float) -> str:
    """The text Elasticsearch shows for a duration: the largest unit that fits, at most one decimal.

    >>> format_duration(30), format_duration(0.5), format_duration(90), format_duration(-1)
    ('30s', '500ms', '1.5m', '-1')
    """
    if seconds < 0:
        return "-1"
    for unit in reversed(_UNITS):
        amount = round(seconds / _SECONDS[unit], 9)
        if amount >= 1 or unit == "nanos":
            if unit == "nanos" and amount == 0:
                return "0s"
            # Elasticsearch cuts after one decimal, it does not round.
            tenths = int(amount * 10)
            whole, tenth = divmod(tenths, 10)
            return f"{whole}.{tenth}{unit}" if tenth else f"{whole}{unit}"
    raise AssertionError("unreachable: nanos takes every rest")
