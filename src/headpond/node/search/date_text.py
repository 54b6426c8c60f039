"""Dates in answers."""

from __future__ import annotations

import re
from typing import Any

from headpond.errors import RestError
from headpond.node.mapping.date_format import civil_from_days, iso_text
from headpond.node.mapping.types.date import Date

_ISO = frozenset({"strict_date_optional_time", "date_optional_time", "strict_date_time", "date_time", "iso8601"})
_DAY = 86_400_000
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|(.)", re.DOTALL)


def date_text(field: Date, millis: int, format: str | None = None) -> str:
    """A time in a format, by default the field's; of several alternatives the first counts.

    Raises:
        RestError: 400 for a pattern with an unknown letter, 501 for a named format that is not known here.
    """
    chosen = (format or field.format.text).split("||")[0]
    if chosen in _ISO:
        return iso_text(millis)
    if chosen == "epoch_millis":
        return str(millis)
    if chosen == "epoch_second":
        return str(millis // 1000) if millis % 1000 == 0 else str(millis / 1000)
    if "_" in chosen:
        raise RestError(501, "not_implemented_exception", f"showing dates in the format [{chosen}] is not implemented")
    return "".join(_part(match, millis, chosen) for match in _TOKEN.finditer(chosen))


def shown_date(field: Date, value: Any, format: str | None = None) -> Any:
    """A source's value in a format; what cannot be read is shown as it is."""
    try:
        millis = int(field.number(value))
    except RestError:
        return value
    return date_text(field, millis, format)


def _part(match: re.Match[str], millis: int, pattern: str) -> str:
    if match[1] is not None:
        return match[1].replace("''", "'") or "'"
    if match[3] is not None:
        return match[3]
    letter, width = match[2], len(match[0])
    days, rest = divmod(millis, _DAY)
    year, month, day = civil_from_days(days)
    if letter in "yu":
        if letter == "y" and year < 1:
            # The year of the era: Java writes 1 BC as year 1.
            year = 1 - year
        sign = "+" if width >= 4 and year > 9999 else ""
        return f"{year % 100:02}" if width == 2 else f"{sign}{year:0{width}}"
    if letter == "S":
        return f"{rest % 1000:03}".ljust(width, "0")[:width]
    if letter in "XxZ":
        return "Z" if letter == "X" else "+0000" if width < 3 else "+00:00"
    numbers = {"M": month, "d": day, "H": rest // 3_600_000, "m": rest // 60_000 % 60, "s": rest // 1000 % 60}
    if letter not in numbers or width > 2:
        reason = f"Invalid format: [{pattern}]: Unknown pattern letter: {letter}"
        raise RestError(400, "illegal_argument_exception", reason)
    return f"{numbers[letter]:0{width}}"
