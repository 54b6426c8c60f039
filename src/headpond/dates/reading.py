"""Reads a date by a pattern or a named format, with Java's strictness, into a moment in a zone.

Parts that are missing are filled as Elasticsearch's `date` processor does it: a pattern without a year means this year,
without a time the start of the day.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from headpond.dates import names
from headpond.dates.moment import Moment
from headpond.dates.pattern import CLOSE, OPEN, Letters, Piece, UnsupportedPatternError, pieces, unsupported
from headpond.dates.words import Words, words
from headpond.dates.zones import zone

_ZONE_ID = r"(?P<zone>[A-Za-z][A-Za-z0-9~/._+-]+|Z|[+-]\d{2}:\d{2}(?::\d{2})?)"
_ZONE_OR_ID = names.ZONE.replace("Z|", "[A-Za-z][A-Za-z0-9~/._+-]*|")
_NUMBERS = {"d": "day", "H": "hour", "h": "clock_half_hour", "K": "half_hour", "k": "clock_hour", "m": "minute",
            "s": "second", "M": "month", "L": "month"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """One format, ready to read.

    Attributes:
        text: the format.
        steps: expressions for its pieces; all of them in a row make up `whole`.
        whole: the expression.
        words: names of months and days.
        fills_year: whether a missing year means this year (patterns) or the first (named formats).
    """

    text: str
    steps: tuple[str, ...]
    whole: Any
    words: Words
    fills_year: bool

    def read(self, text: str, default_zone: dt.tzinfo) -> Moment:
        """The moment of a date.

        Args:
            text: the date.
            default_zone: of dates that name none; the moment is in this zone.

        Raises:
            ValueError: the text is no date of this format; says where it stops being one.
        """
        match = self.whole.fullmatch(text)
        if match is None:
            raise ValueError(self._failed(text))
        return _Parts(match.groupdict(), self.words).moment(default_zone, fills_year=self.fills_year).at(default_zone)

    def _failed(self, text: str) -> str:
        """Java's message, with the character where the text stops to fit."""
        if (start := self.whole.match(text)) is not None:
            return f"Text '{text}' could not be parsed, unparsed text found at index {start.end()}"
        index = 0
        for length in range(1, len(self.steps)):
            try:
                start = regex.match("".join(self.steps[:length]), text)
            except regex.error:  # the steps so far end inside of an optional section
                continue
            if start is None:
                break
            index = start.end()
        return f"Text '{text}' could not be parsed at index {index}"


@functools.lru_cache(maxsize=512)
def reader(text: str, locale: str | None = None) -> Reader:
    """The reader of one format, without `||`.

    Args:
        text: a pattern or a name, as in `dd/MM/yyyy` or `strict_date`.
        locale: the language of names of months and days.

    Raises:
        PatternError: the pattern is broken.
        UnsupportedPatternError: it is not supported here.
        ValueError: there is no such locale.
        MissingExtraError: the locale needs babel.
    """
    language = words(locale)
    plain = text.removeprefix("strict_")
    if text in names.SPECIAL:
        expression = names.SPECIAL[text].replace(names.ZONE, _ZONE_OR_ID)
        return Reader(text, (expression,), regex.compile(expression), language, fills_year=False)
    if names.is_unsupported(text):
        raise UnsupportedPatternError(f"the date format [{text}]")
    pattern = names.PATTERNS.get(plain) or names.BASIC.get(text) or text
    lax = plain == text and text in names.PATTERNS
    steps = tuple(_step(piece, language, text, lax) for piece in pieces(pattern))
    return Reader(text, steps, regex.compile("".join(steps)), language, fills_year=pattern == text)


def _step(piece: Piece, language: Words, pattern: str, lax: bool) -> str:
    if isinstance(piece, str):
        return {OPEN: "(?:", CLOSE: ")?"}.get(piece) or str(regex.escape(piece))
    letter, count = piece.letter, piece.count
    if letter in "yu":
        return _year(count, lax)
    if letter in "ML" and count >= 3:
        return _name("month_name", _months(language, piece), piece, pattern)
    if letter == "E":
        return _name("day_name", language.days if count == 4 else language.short_days, piece, pattern)
    if letter == "a":
        return _name("half", language.halves, piece, pattern)
    if letter in _NUMBERS:
        return rf"(?P<{_NUMBERS[letter]}>\d{{{'1,2' if lax else '1,19' if count == 1 else '2'}}})"
    if letter == "D":
        return rf"(?P<day_of_year>\d{{{('1,3', '2,3', '3')[count - 1]}}})"
    if letter == "S":
        return rf"(?P<fraction>\d{{{'1,9' if lax else count}}})"
    if letter in "XxZ":
        return _offset(piece, pattern)
    if letter in "zV" and (letter == "z" or count == 2):
        return _ZONE_ID
    raise unsupported(piece, pattern)


def _year(count: int, lax: bool) -> str:
    if count == 2:
        return r"(?P<short_year>\d{2})"
    if lax or count < 4:
        return r"(?P<year>-?\d{1,9})"
    return rf"(?P<year>\d{{{count}}}|\+\d{{{count + 1},9}}|-\d{{{count},9}})"


def _months(language: Words, piece: Letters) -> Sequence[str]:
    if piece.letter == "M":
        return language.months if piece.count == 4 else language.short_months
    return language.lone_months if piece.count == 4 else language.short_lone_months


def _name(group: str, found: Sequence[str], piece: Letters, pattern: str) -> str:
    if piece.count > 4:
        raise unsupported(piece, pattern)
    longest_first = sorted(found, key=len, reverse=True)
    return f"(?P<{group}>{'|'.join(regex.escape(name) for name in longest_first)})"


def _offset(piece: Letters, pattern: str) -> str:
    """`Z` is never the letter itself unless it stands five times; `X` takes it, `x` does not."""
    letter, count = piece.letter, piece.count
    if letter == "Z":
        if count == 4:
            raise unsupported(piece, pattern)
        letter, count = ("X", 5) if count == 5 else ("x", 2)
    hours = r"[+-]\d{2}"
    forms = (
        rf"{hours}(?:\d{{2}})?", rf"{hours}\d{{2}}", rf"{hours}:\d{{2}}",
        rf"{hours}\d{{2}}(?:\d{{2}})?", rf"{hours}:\d{{2}}(?::\d{{2}})?",
    )  # fmt: skip
    return f"(?P<zone>{'Z|' if letter == 'X' else ''}{forms[count - 1]})"


@dataclass(frozen=True, slots=True)
class _Parts:
    """What was read, and how it is put together."""

    groups: Mapping[str, str | None]
    words: Words

    def moment(self, default_zone: dt.tzinfo, *, fills_year: bool) -> Moment:
        if (whole := self._whole(default_zone)) is not None:
            return whole
        time = self._time()
        year = self._year()
        month, day = self._month(), self._number("day")
        if year is None and fills_year:
            # As in Elasticsearch, a zone of the text does not count then.
            date = _clamped(dt.datetime.now(dt.UTC).year, month or 1, day or 1)
            return _local(date, time, default_zone)
        name = self.groups.get("zone")
        found = zone(name) if name else default_zone
        return _local(self._date(year, month, day, time is not None), time, found)

    def _whole(self, default_zone: dt.tzinfo) -> Moment | None:
        """Formats that are a number of milliseconds or seconds."""
        for group, factor in (("millis", 1_000_000), ("seconds", 1_000_000_000)):
            if text := self.groups.get(group):
                whole, _, fraction = text.partition(".")
                digits = len(str(factor)) - 1
                nanos = abs(int(whole)) * factor + int(fraction[:digits].ljust(digits, "0"))
                seconds, nano = divmod(-nanos if text.startswith("-") else nanos, 1_000_000_000)
                start = Moment.of_millis(seconds * 1000, default_zone)
                return Moment(start.time, nano)
        return None

    def _date(self, year: int | None, month: int | None, day: int | None, timed: bool) -> dt.date:
        days = self._number("day_of_year")
        if year is not None and month is None and days is not None:
            found = _checked(year, 1, 1) + dt.timedelta(days=days - 1)
            if found.year != year:
                raise ValueError(f"Invalid date 'DayOfYear {days}' as '{year}' is not a leap year")
            return found
        if month is None and timed:
            return dt.date(1970, 1, 1)
        return _checked(1970 if year is None else year, month or 1, day if month and day is not None else 1)

    def _year(self) -> int | None:
        if short := self.groups.get("short_year"):
            return 2000 + int(short)
        return self._number("year")

    def _month(self) -> int | None:
        if (name := self.groups.get("month_name")) is None:
            return self._number("month")
        languages = (self.words.months, self.words.short_months, self.words.lone_months, self.words.short_lone_months)
        return next(names.index(name) + 1 for names in languages if name in names)

    def _time(self) -> tuple[int, int, int, int] | None:
        """Hour, minute, second and nanosecond; None when the hour, or something between it and the rest, is missing."""
        hour, minute, second = self._hour(), self._number("minute"), self._number("second")
        fraction = self.groups.get("fraction")
        if minute is None:
            gap = second is not None or fraction is not None
        else:
            gap = second is None and fraction is not None
        if hour is None or gap:
            return None
        found = (hour, minute or 0, second or 0, int((fraction or "0").ljust(9, "0")))
        limits = (("HourOfDay", 23), ("MinuteOfHour", 59), ("SecondOfMinute", 59))
        for (name, most), value in zip(limits, found, strict=False):
            if value > most:
                raise ValueError(f"Invalid value for {name} (valid values 0 - {most}): {value}")
        return found

    def _hour(self) -> int | None:
        half = self.groups.get("half")
        clock, plain = self._number("clock_half_hour", 1, 12), self._number("half_hour", 0, 11)
        value = plain if clock is None else clock
        if half is not None and value is not None:
            return value % 12 + 12 * self.words.halves.index(half)
        whole = self._number("clock_hour", 1, 24)
        return whole % 24 if whole is not None else self._number("hour")

    def _number(self, group: str, low: int | None = None, high: int = 0) -> int | None:
        text = self.groups.get(group)
        value = None if text is None else int(text)
        if value is not None and low is not None and not low <= value <= high:
            raise ValueError(f"Invalid value for {group} (valid values {low} - {high}): {value}")
        return value


def _checked(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except (ValueError, OverflowError) as error:
        if not 1 <= year <= 9999:
            raise ValueError(f"the year {year} is out of range here (1 to 9999)") from None
        raise ValueError(f"Invalid date: {error}") from None


def _clamped(year: int, month: int, day: int) -> dt.date:
    """The date; a day behind the end of the month is its last one, as in Java's `withMonth`."""
    first = _checked(year, month, 1)
    _checked(year, 1, day)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return min(first + dt.timedelta(days=day - 1), following - dt.timedelta(days=1))


def _local(date: dt.date, time: tuple[int, int, int, int] | None, zone: dt.tzinfo) -> Moment:
    hour, minute, second, nano = time or (0, 0, 0, 0)
    return Moment.of_local(dt.datetime(date.year, date.month, date.day, hour, minute, second), nano, zone)
