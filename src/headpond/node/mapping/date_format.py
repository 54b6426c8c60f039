"""Reads dates. A format is one or several alternatives joined by `||`; times are milliseconds since 1970, UTC."""

from __future__ import annotations

import datetime as dt
import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.mapping.date_patterns import pattern_of

DEFAULT = "strict_date_optional_time||epoch_millis"

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A parsed `format` option.

    Attributes:
        text: as it was given.
        patterns: one expression an alternative, with the parts of a date as groups.
    """

    text: str
    patterns: tuple[re.Pattern[str], ...]

    def millis(self, text: str, *, round_up: bool = False, zone: str | None = None) -> int:
        """Milliseconds of a date.

        Args:
            text: the date.
            round_up: missing parts of the time count as their highest value instead of their lowest; a missing month or
                day is the first in either case.
            zone: the time zone of dates that name none.

        Raises:
            RestError: 400, the text fits no alternative, or names a day that does not exist.
        """
        if text == "":
            raise illegal_argument("cannot parse empty datetime")
        for pattern in self.patterns:
            found = pattern.fullmatch(text)
            millis = None if found is None else self._read(found, round_up, zone)
            if millis is not None and -(2**63) <= millis < 2**63:
                return millis
        cause = RestError(400, "date_time_parse_exception", "Failed to parse with all enclosed parsers")
        raise RestError(
            400,
            "illegal_argument_exception",
            f"failed to parse date field [{text}] with format [{self.text}]",
            caused_by=cause,
        )

    @staticmethod
    def _read(found: re.Match[str], round_up: bool, zone: str | None) -> int | None:
        parts = found.groupdict()
        if parts.get("millis") is not None:
            return int(Decimal(parts["millis"]))
        if parts.get("seconds") is not None:
            return round(Decimal(parts["seconds"]) * 1000)
        month_name = parts.get("month_name")
        month = _MONTHS[month_name[:3].lower()] if month_name else int(parts.get("month") or 1)
        year = int(parts.get("year") or 1970) if not parts.get("short_year") else 2000 + int(parts["short_year"])
        hour = int(parts.get("hour") or (23 if round_up else 0))
        minute = int(parts.get("minute") or (59 if round_up else 0))
        second = int(parts.get("second") or (59 if round_up else 0))
        fraction = (parts.get("fraction") or ("999" if round_up else "0")).ljust(9, "9" if round_up else "0")
        if not (1 <= month <= 12 and hour <= 23 and minute <= 59 and second <= 59):
            return None
        last = days_in(year, month)
        day = int(parts.get("day") or 1)
        if not 1 <= day <= 31:
            return None
        if day > last:
            name = dt.date(2000, month, 1).strftime("%B").upper()
            leap = f"Invalid date 'February 29' as '{year}' is not a leap year"
            reason = leap if (month, day) == (2, 29) else f"Invalid date '{name} {day}'"
            raise RestError(400, "date_time_exception", reason)
        days = days_from_civil(year, month, day)
        millis = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + int(fraction[:3])
        given = parts.get("zone")
        return millis - (_offset(given) if given else zone_offset(zone, millis))


def days_in(year: int, month: int) -> int:
    """Days of a month in the proleptic Gregorian calendar."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01, for any year (proleptic Gregorian calendar, years counted from March)."""
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    days += 719468
    era = days // 146097
    day_of_era = days - era * 146097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day


def iso_text(millis: int) -> str:
    """A time as Elasticsearch prints it by default: `2020-01-31T08:00:00.000Z`."""
    days, rest = divmod(millis, 86_400_000)
    year, month, day = civil_from_days(days)
    seconds, milli = divmod(rest, 1000)
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return (
        f"{sign}{abs(year):04}-{month:02}-{day:02}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        f".{milli:03}Z"
    )


def zone_offset(zone: str | None, millis: int) -> int:
    """Milliseconds that a zone (`+01:00`, `Europe/Berlin`) is ahead of UTC at a local time.

    Raises:
        RestError: 400, there is no such zone.
    """
    if zone is None or zone in ("Z", "UTC"):
        return 0
    if zone[0] in "+-":
        return _offset(zone)
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise illegal_argument(f"unknown time-zone ID: [{zone}]") from None
    local = (_EPOCH + dt.timedelta(milliseconds=millis)).replace(tzinfo=known)
    return int((local.utcoffset() or dt.timedelta()).total_seconds() * 1000)


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(6, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6])
    return -seconds * 1000 if zone[0] == "-" else seconds * 1000


@functools.lru_cache(maxsize=256)
def date_format(text: str) -> DateFormat:
    """The format of a `format` option.

    Raises:
        RestError: 400, a pattern has a letter that is none; 501, one that headpond does not read.
    """
    return DateFormat(text, tuple(pattern_of(part) for part in text.split("||")))
