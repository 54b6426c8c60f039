"""Date formats as expressions: Elasticsearch's named ones, and patterns of Java's DateTimeFormatter.

The groups of an expression are `year short_year month month_name day hour minute second fraction zone`, or `millis` or
`seconds`.
"""

from __future__ import annotations

import re

from headpond.errors import RestError
from headpond.node.call import illegal_argument

_ZONE = r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?(?::?\d{2})?)"


_FRACTION = r"[.,](?P<fraction>\d{1,9})"


def _date(year: str, digits: str) -> str:
    """A date whose month and day may be missing."""
    return rf"(?P<year>{year})(?:-(?P<month>{digits})(?:-(?P<day>{digits})"


def _time(digits: str, seconds: str) -> str:
    return rf"T(?P<hour>{digits}):(?P<minute>{digits}){seconds}"


def _iso(year: str, digits: str) -> str:
    """ISO 8601 whose parts from the right may be missing."""
    seconds = rf"(?::(?P<second>{digits})(?:{_FRACTION})?)?"
    time = rf"(?P<hour>{digits})(?::(?P<minute>{digits}){seconds})?(?:{_ZONE})?"
    return rf"{_date(year, digits)}(?:T(?:{time})?)?)?)?"


def _day_and_time(year: str, digits: str, seconds: str, zone: str) -> str:
    return rf"(?P<year>{year})-(?P<month>{digits})-(?P<day>{digits}){_time(digits, seconds)}{zone}"


_YEAR, _LAX_YEAR = r"-?\d{4}", r"-?\d{1,9}"
_TWO, _LAX_TWO = r"\d{2}", r"\d{1,2}"
_STRICT_ISO = _iso(_YEAR, _TWO)
_SPECIAL = {
    "date": rf"{_date(_LAX_YEAR, _LAX_TWO)})?)?",
    "date_optional_time": _iso(_LAX_YEAR, _LAX_TWO),
    "date_time": _day_and_time(_LAX_YEAR, _LAX_TWO, rf"(?::(?P<second>{_LAX_TWO}){_FRACTION})?", _ZONE),
    "strict_date_time": _day_and_time(_YEAR, _TWO, rf":(?P<second>{_TWO})(?:{_FRACTION})?", _ZONE),
    "date_time_no_millis": _day_and_time(_LAX_YEAR, _LAX_TWO, rf"(?::(?P<second>{_LAX_TWO}))?", rf"(?:{_ZONE})?"),
    "strict_date_optional_time": _STRICT_ISO,
    "strict_date_optional_time_nanos": _STRICT_ISO,
    "iso8601": _STRICT_ISO,
    "epoch_millis": r"(?P<millis>-?\d+(?:\.\d+)?)",
    "epoch_second": r"(?P<seconds>-?\d+(?:\.\d+)?)",
}
_NAMED = {
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
"""These also exist as `strict_...`; without it, numbers may have fewer digits."""

_BASIC = {
    "basic_date": "yyyyMMdd",
    "basic_date_time": "yyyyMMdd'T'HHmmss.SSSXX",
    "basic_date_time_no_millis": "yyyyMMdd'T'HHmmssXX",
    "basic_time": "HHmmss.SSSXX",
    "basic_time_no_millis": "HHmmssXX",
}
_OTHER_NAMES = re.compile(
    r"(strict_)?(basic_)?(t_|week)\w*|(strict_)?(basic_)?ordinal_\w+|(strict_)?week_?\w*|epoch_nanos_or_millis"
)
_PARTS = {"y": "year", "u": "year", "M": "month", "L": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}
_JAVA_LETTERS = frozenset("GuyDMLdQqYwWEecFaBhKkHmsSAnNgVvzOXxZp")
_MOST_LETTERS = {**dict.fromkeys("MLQqEec", 5), **dict.fromkeys("dHmshkK", 2), "S": 9, "a": 1, "X": 5, "x": 5, "Z": 5}
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.DOTALL)


def pattern_of(name: str) -> re.Pattern[str]:
    """The expression of one alternative of a `format` option.

    Raises:
        RestError: 400, a pattern has a letter that is none; 501, one that headpond does not read.
    """
    plain = name.removeprefix("strict_")
    if name in _SPECIAL:
        return re.compile(_SPECIAL[name])
    if plain in _NAMED:
        return _compile(_NAMED[plain], lax=plain == name)
    if plain in _BASIC:
        return _compile(_BASIC[plain], lax=False)
    if _OTHER_NAMES.fullmatch(name):
        raise RestError(501, "not_implemented_exception", f"the date format [{name}] is not supported by headpond")
    return _compile(name, lax=False)


def _compile(pattern: str, *, lax: bool) -> re.Pattern[str]:
    out = []
    for piece in _TOKEN.finditer(pattern):
        quoted, letter = piece[1], piece[2]
        if quoted is not None:
            out.append(re.escape(quoted.replace("''", "'")) or "'")
        elif letter is not None:
            out.append(_part(letter, len(piece[0]), pattern, lax))
        elif piece[0] in "{}#":
            raise _invalid(pattern, f"Pattern includes reserved character: '{piece[0]}'")
        else:
            out.append({"[": "(?:", "]": ")?"}.get(piece[0], re.escape(piece[0])))
    return re.compile("".join(out))


def _part(letter: str, count: int, pattern: str, lax: bool) -> str:
    if letter not in _JAVA_LETTERS:
        raise _invalid(pattern, f"Unknown pattern letter: {letter}")
    if count > _MOST_LETTERS.get(letter, 19):
        raise _invalid(pattern, f"Too many pattern letters: {letter}")
    if letter in "ML" and count >= 3:
        return r"(?P<month_name>[A-Za-z]{3,9})"
    if letter in "yu":
        if count == 2:
            return r"(?P<short_year>\d{2})"
        return f"(?P<year>{_LAX_YEAR if lax or count == 1 else rf'{chr(92)}d{{{count}}}'})"
    if letter in _PARTS:
        return rf"(?P<{_PARTS[letter]}>\d{{{1 if lax or count == 1 else 2},2}})"
    if letter == "S":
        return rf"(?P<fraction>\d{{{'1,9' if lax else count}}})"
    if letter in "XxZ":
        return _zone(letter, count)
    if letter == "E" and count <= 4:
        return r"[A-Za-z]{3,9}"
    raise RestError(
        501,
        "not_implemented_exception",
        f"the letter [{letter}] of the date format [{pattern}] is not supported by headpond",
    )


def _zone(letter: str, count: int) -> str:
    """`Z` is never the letter itself unless it stands five times; `X` takes it, `x` does not."""
    hours = r"[+-]\d{2}"
    if letter == "Z":
        letter, count = ("X", 3) if count == 5 else ("x", 2)
    offset = (rf"{hours}(?:\d{{2}})?", rf"{hours}\d{{2}}", rf"{hours}:\d{{2}}")[min(count, 3) - 1]
    return f"(?P<zone>{'Z|' if letter == 'X' else ''}{offset})"


def _invalid(pattern: str, why: str) -> RestError:
    reason = f"Invalid format: [{pattern}]: {why}"
    return RestError(400, "illegal_argument_exception", reason, caused_by=illegal_argument(why))
