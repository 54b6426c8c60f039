"""Elasticsearch's named formats: expressions for those whose parts may be missing, patterns for the others."""

from __future__ import annotations

import re
from typing import Final

ZONE: Final = r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?(?::?\d{2})?)"
_FRACTION = r"[.,](?P<fraction>\d{1,9})"


def _date(year: str, digits: str) -> str:
    """A date whose month and day may be missing."""
    return rf"(?P<year>{year})(?:-(?P<month>{digits})(?:-(?P<day>{digits})"


def _iso(year: str, digits: str) -> str:
    """ISO 8601 whose parts from the right may be missing."""
    seconds = rf"(?::(?P<second>{digits})(?:{_FRACTION})?)?"
    time = rf"(?P<hour>{digits})(?::(?P<minute>{digits}){seconds})?(?:{ZONE})?"
    return rf"{_date(year, digits)}(?:T(?:{time})?)?)?)?"


def _day_and_time(year: str, digits: str, seconds: str, zone: str) -> str:
    day = rf"(?P<year>{year})-(?P<month>{digits})-(?P<day>{digits})"
    return rf"{day}T(?P<hour>{digits}):(?P<minute>{digits}){seconds}{zone}"


YEAR, LAX_YEAR = r"-?\d{4}", r"-?\d{1,9}"
_TWO, _LAX_TWO = r"\d{2}", r"\d{1,2}"
_STRICT_ISO = _iso(YEAR, _TWO)
SPECIAL: Final = {
    "date": rf"{_date(LAX_YEAR, _LAX_TWO)})?)?",
    "date_optional_time": _iso(LAX_YEAR, _LAX_TWO),
    "date_time": _day_and_time(LAX_YEAR, _LAX_TWO, rf"(?::(?P<second>{_LAX_TWO}){_FRACTION})?", ZONE),
    "strict_date_time": _day_and_time(YEAR, _TWO, rf":(?P<second>{_TWO})(?:{_FRACTION})?", ZONE),
    "date_time_no_millis": _day_and_time(LAX_YEAR, _LAX_TWO, rf"(?::(?P<second>{_LAX_TWO}))?", rf"(?:{ZONE})?"),
    "strict_date_optional_time": _STRICT_ISO,
    "strict_date_optional_time_nanos": _STRICT_ISO,
    "iso8601": _STRICT_ISO,
    "epoch_millis": r"(?P<millis>-?\d+(?:\.\d+)?)",
    "epoch_second": r"(?P<seconds>-?\d+(?:\.\d+)?)",
}
"""Expressions; their groups are parts of a date, or the whole of it as a number."""

PATTERNS: Final = {
    "date": "yyyy-MM-dd",
    "date_hour": "yyyy-MM-dd'T'HH",
    "date_hour_minute": "yyyy-MM-dd'T'HH:mm",
    "date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss",
    "date_hour_minute_second_fraction": "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "date_hour_minute_second_millis": "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "date_time_no_millis": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "hour": "HH",
    "hour_minute": "HH:mm",
    "hour_minute_second": "HH:mm:ss",
    "hour_minute_second_fraction": "HH:mm:ss.SSS",
    "hour_minute_second_millis": "HH:mm:ss.SSS",
    "time": "HH:mm:ss.SSSXXX",
    "time_no_millis": "HH:mm:ssXXX",
    "year": "yyyy",
    "year_month": "yyyy-MM",
    "year_month_day": "yyyy-MM-dd",
}
"""Patterns by name; these also exist as `strict_...`; without it, numbers may have fewer digits."""

BASIC: Final = {
    "basic_date": "yyyyMMdd",
    "basic_date_time": "yyyyMMdd'T'HHmmss.SSSXX",
    "basic_date_time_no_millis": "yyyyMMdd'T'HHmmssXX",
    "basic_time": "HHmmss.SSSXX",
    "basic_time_no_millis": "HHmmssXX",
}
_OTHER = re.compile(
    r"(strict_)?(basic_)?(t_|week)\w*|(strict_)?(basic_)?ordinal_\w+|(strict_)?week_?\w*|epoch_nanos_or_millis"
)


def is_unsupported(name: str) -> bool:
    """Whether Elasticsearch has a format of this name that is not supported here."""
    return _OTHER.fullmatch(name) is not None
