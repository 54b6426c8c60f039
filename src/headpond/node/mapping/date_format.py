"""Date formats: Elasticsearch's named ones, and patterns of Java's DateTimeFormatter.

A format is one or several alternatives joined by `||`. Times are milliseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headpond.errors import RestError
from headpond.node.call import illegal_argument

DEFAULT = "strict_date_optional_time||epoch_millis"

_ZONE = r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?(?::?\d{2})?)"
_FRACTION = r"[.,](?P<fraction>\d{1,9})"
_TIME = rf"(?P<hour>\d{{2}})(?::(?P<minute>\d{{2}})(?::(?P<second>\d{{2}})(?:{_FRACTION})?)?)?(?:{_ZONE})?"
_LAX_TIME = _TIME.replace(r"\d{2})", r"\d{1,2})", 3)
_NAMED = {
    "date_optional_time": rf"(?P<year>[+-]?\d{{4,9}}|\d{{1,4}})(?:-(?P<month>\d{{1,2}})(?:-(?P<day>\d{{1,2}})(?:T(?:{_LAX_TIME})?)?)?)?",
    "strict_date_optional_time": rf"(?P<year>[+-]?\d{{4,9}})(?:-(?P<month>\d{{2}})(?:-(?P<day>\d{{2}})(?:T(?:{_TIME})?)?)?)?",
    "epoch_millis": r"(?P<millis>-?\d+(?:\.\d+)?)",
    "epoch_second": r"(?P<seconds>-?\d+(?:\.\d+)?)",
}
_NAMED["strict_date_optional_time_nanos"] = _NAMED["strict_date_optional_time"]
_NAMED["iso8601"] = _NAMED["strict_date_optional_time"]

_PATTERNS = {
    "date": "yyyy-MM-dd",
    "date_hour": "yyyy-MM-dd'T'HH",
    "date_hour_minute": "yyyy-MM-dd'T'HH:mm",
    "date_hour_minute_second": "yyyy-MM-dd'T'HH:mm:ss",
    "date_hour_minute_second_fraction": "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "date_hour_minute_second_millis": "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "date_time": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "date_time_no_millis": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "year": "yyyy",
    "year_month": "yyyy-MM",
    "year_month_day": "yyyy-MM-dd",
    "hour": "HH",
    "hour_minute": "HH:mm",
    "hour_minute_second": "HH:mm:ss",
    "time": "HH:mm:ss.SSSXXX",
    "time_no_millis": "HH:mm:ssXXX",
}
_BASIC = {
    "basic_date": "yyyyMMdd",
    "basic_date_time": "yyyyMMdd'T'HHmmss.SSSXX",
    "basic_date_time_no_millis": "yyyyMMdd'T'HHmmssXX",
    "basic_time": "HHmmss.SSSXX",
    "basic_time_no_millis": "HHmmssXX",
}
_LETTERS = {"y": "year", "u": "year", "M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}
_MONTHS = {name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)}
_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A parsed `format` option.

    Attributes:
        text: as it was given.
        patterns: one expression an alternative, with the parts of a date as groups.
        nearest: whether the first alternative is a number (`epoch_millis`, `epoch_second`).
    """

    text: str
    patterns: tuple[re.Pattern[str], ...]

    def millis(self, text: str, *, round_up: bool = False, zone: str | None = None) -> int:
        """Milliseconds of a date.

        Args:
            text: the date.
            round_up: missing parts count as their highest value instead of their lowest.
            zone: the time zone of dates that name none.

        Raises:
            RestError: 400, the text fits no alternative, or names a day that does not exist.
        """
        if text == "":
            raise illegal_argument("cannot parse empty datetime")
        for pattern in self.patterns:
            found = pattern.fullmatch(text)
            if found is not None and (millis := self._read(found, round_up, zone)) is not None:
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
            return int(float(parts["millis"])) if "." in parts["millis"] else int(parts["millis"])
        if parts.get("seconds") is not None:
            whole = parts["seconds"]
            return round(float(whole) * 1000) if "." in whole else int(whole) * 1000
        month_name = parts.get("month_name")
        month = _MONTHS[month_name[:3].lower()] if month_name else int(parts.get("month") or (12 if round_up else 1))
        year = int(parts.get("year") or 1970)
        hour = int(parts.get("hour") or (23 if round_up else 0))
        minute = int(parts.get("minute") or (59 if round_up else 0))
        second = int(parts.get("second") or (59 if round_up else 0))
        fraction = (parts.get("fraction") or ("999" if round_up else "0")).ljust(9, "9" if round_up else "0")
        if not (1 <= month <= 12 and hour <= 24 and minute <= 59 and second <= 59):
            return None
        last = days_in(year, month)
        day = int(parts.get("day") or (last if round_up else 1))
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
    return DateFormat(text, tuple(_alternative(part) for part in text.split("||")))


def _alternative(name: str) -> re.Pattern[str]:
    strict = name.startswith("strict_")
    plain = name.removeprefix("strict_")
    if name in _NAMED:
        return re.compile(_NAMED[name])
    if plain in _PATTERNS:
        return _compile(_PATTERNS[plain], lax=not strict)
    if plain in _BASIC:
        return _compile(_BASIC[plain], lax=False)
    if not re.search(r"[yuMdHms]{1}", name) or re.fullmatch(r"[a-z]+(_[a-z]+)+", name):
        raise illegal_argument(f"Invalid format: [{name}]: Unknown pattern letter: {name[:1]}")
    return _compile(name, lax=False)


def _compile(pattern: str, *, lax: bool) -> re.Pattern[str]:
    """An expression for a pattern of DateTimeFormatter; `lax` lets numbers have fewer digits."""
    out = []
    for piece in re.finditer(r"'((?:[^']|'')*)'|([A-Za-z])\2*|\[|\]|.", pattern):
        letters, letter, count = piece[0], piece[2], len(piece[0])
        if piece[1] is not None:
            out.append(re.escape(piece[1].replace("''", "'")) or "'")
        elif letter is None:
            out.append({"[": "(?:", "]": ")?"}.get(letters, re.escape(letters)))
        elif letter == "M" and count >= 3:
            out.append(r"(?P<month_name>[A-Za-z]{3,9})")
        elif letter in _LETTERS:
            out.append(_digits(letter, count, lax))
        elif letter == "S":
            out.append(
                rf"(?P<fraction>\d{{1,{max(count, 9 if lax else count)}}})" if lax or count > 1 else r"(?P<fraction>\d)"
            )
        elif letter in "XxZz":
            out.append(_ZONE)
        elif letter == "E":
            out.append(r"[A-Za-z]{3,9}")
        else:
            raise RestError(
                501,
                "not_implemented_exception",
                f"the letter [{letter}] of the date format [{pattern}] is not supported by headpond",
            )
    return re.compile("".join(out))


def _digits(letter: str, count: int, lax: bool) -> str:
    group = _LETTERS[letter]
    if group == "year":
        width = r"\d{2}" if count == 2 else r"[+-]?\d{4,9}" if count >= 4 and not lax else r"[+-]?\d{1,9}"
        width = r"\d{4}" if count == 4 and not lax else width
    else:
        width = rf"\d{{{1 if lax or count == 1 else 2},2}}"
    return f"(?P<{group}>{width})"
