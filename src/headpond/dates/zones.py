"""Time zones by name, as Java's `ZoneId.of` reads them: `Europe/Berlin`, `+01:00`, `UTC+2`, `Z`."""

from __future__ import annotations

import datetime as dt
import functools
import re
from zoneinfo import ZoneInfo

UTC = dt.UTC
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::(\d{2})(?::(\d{2}))?|(\d{2})(\d{2})?)?")
_LONGEST = 18 * 3600


@functools.lru_cache(maxsize=1024)
def zone(name: str) -> dt.tzinfo:
    """The zone of a name.

    Raises:
        ValueError: there is none.
    """
    if name in ("Z", "UTC", "GMT", "UT"):
        return UTC
    prefix = next((prefix for prefix in ("UTC", "GMT", "UT") if name.startswith(prefix)), "")
    if match := _OFFSET.fullmatch(name.removeprefix(prefix)):
        return fixed(match)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"Unknown time-zone ID: {name}") from None


def fixed(match: re.Match[str]) -> dt.tzinfo:
    """The zone of an offset.

    Raises:
        ValueError: it is out of range.
    """
    sign, hours, minutes, seconds, short_minutes, short_seconds = match.groups()
    total = int(hours) * 3600 + int(minutes or short_minutes or 0) * 60 + int(seconds or short_seconds or 0)
    if total > _LONGEST:
        raise ValueError(f"Zone offset not in valid range: -18:00 to +18:00: {match[0]}")
    return dt.timezone(dt.timedelta(seconds=-total if sign == "-" else total)) if total else UTC


def offset_text(seconds: int, form: str, zero: str) -> str:
    """An offset as text.

    Args:
        seconds: ahead of UTC.
        form: Java's name of the form: `+HHmm` (minutes where there are any), `+HHMM`, `+HH:MM`, and with `ss` or
            `:ss` seconds where there are any.
        zero: what stands for no offset.
    """
    if seconds == 0:
        return zero
    hours, rest = divmod(abs(seconds), 3600)
    minutes, second = divmod(rest, 60)
    text = f"{'-' if seconds < 0 else '+'}{hours:02}"
    colon = ":" if ":" in form else ""
    if form == "+HHmm" and not minutes:
        return text
    text += f"{colon}{minutes:02}"
    return f"{text}{colon}{second:02}" if form.endswith("ss") and second else text
