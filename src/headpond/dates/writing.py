"""Writes a moment by a pattern or a named format, as Java does in the root locale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from headpond.dates import names
from headpond.dates.moment import Moment
from headpond.dates.pattern import CLOSE, OPEN, Letters, Piece, UnsupportedPatternError, pieces, unsupported
from headpond.dates.words import ENGLISH
from headpond.dates.zones import UTC, offset_text

_ISO: Final = {
    **dict.fromkeys(("iso8601", "date_optional_time", "strict_date_optional_time", "date_time"), 3),
    **dict.fromkeys(("strict_date_optional_time_nanos", "strict_date_time"), 9),
}
"""Digits of a second that these formats write at most."""
_OFFSETS = ("+HHmm", "+HHMM", "+HH:MM", "+HHMMss", "+HH:MM:ss")

Writer = Callable[[Moment], str]


def writer(text: str) -> Writer:
    """A function that writes moments.

    Args:
        text: a pattern or a name; of several with `||` between them the first is written.

    Raises:
        PatternError: the pattern is broken.
        UnsupportedPatternError: it is not supported here.
    """
    first = text.removeprefix("8").split("||")[0]
    plain = first.removeprefix("strict_")
    if first in _ISO:
        return _iso(_ISO[first])
    if first == "epoch_millis":
        return _epoch_millis
    if first == "epoch_second":
        return _epoch_second
    if names.is_unsupported(first):
        raise UnsupportedPatternError(f"the date format [{first}]")
    # What the basic formats write has colons in its offset, and the basic date is that of UTC.
    basic = names.BASIC.get(first, "").replace("XX", "XXX")
    parts = [_part(piece, text) for piece in pieces(names.PATTERNS.get(plain) or basic or first)]
    if first == "basic_date":
        return lambda moment: "".join(part(moment.at(UTC)) for part in parts)
    return lambda moment: "".join(part(moment) for part in parts)


def _iso(digits: int) -> Writer:
    """ISO 8601 with at least three digits of a second, and the offset."""

    def write(moment: Moment) -> str:
        fraction = f"{moment.nano:09}"[:digits].rstrip("0").ljust(3, "0")
        offset = offset_text(moment.offset, "+HH:MM", "Z")
        time = moment.time
        return f"{time.year:04}-{time.month:02}-{time.day:02}T{time:%H:%M:%S}.{fraction}{offset}"

    return write


def _epoch_millis(moment: Moment) -> str:
    whole, rest = divmod(moment.seconds * 1_000_000_000 + moment.nano, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0") if rest else str(whole)


def _epoch_second(moment: Moment) -> str:
    return f"{moment.seconds}.{moment.nano:09}".rstrip("0") if moment.nano else str(moment.seconds)


def _part(piece: Piece, pattern: str) -> Writer:
    if isinstance(piece, str):
        fixed = "" if piece in (OPEN, CLOSE) else piece
        return lambda moment: fixed
    letter, count = piece.letter, piece.count
    if letter in _NUMBERS and not (letter in "ML" and count > 2):
        number = _NUMBERS[letter]
        return lambda moment: f"{number(moment):0{count}}"
    if letter in "yu":
        return _year(count)
    if letter in "ML" and count in (3, 4):
        return lambda moment: ENGLISH.short_months[moment.time.month - 1]
    if letter == "E" and count <= 4:
        return lambda moment: ENGLISH.short_days[moment.time.weekday()]
    if letter == "a":
        return lambda moment: ENGLISH.halves[moment.time.hour // 12]
    if letter == "S":
        return lambda moment: f"{moment.nano:09}"[:count]
    if letter in "XxZ":
        return _offset(piece, pattern)
    raise unsupported(piece, pattern)


def _year(count: int) -> Writer:
    if count == 2:
        return lambda moment: f"{moment.time.year % 100:02}"
    return lambda moment: f"{moment.time.year:0{count}}"


def _offset(piece: Letters, pattern: str) -> Writer:
    letter, count = piece.letter, piece.count
    if letter == "Z":
        if count == 4:
            raise unsupported(piece, pattern)
        letter, count = ("X", 5) if count == 5 else ("x", 2)
    form = _OFFSETS[count - 1]
    zero = "Z" if letter == "X" else ("+00", "+0000", "+00:00", "+0000", "+00:00")[count - 1]
    return lambda moment: offset_text(moment.offset, form, zero)


_NUMBERS: dict[str, Callable[[Moment], int]] = {
    "M": lambda moment: moment.time.month,
    "L": lambda moment: moment.time.month,
    "d": lambda moment: moment.time.day,
    "D": lambda moment: moment.time.timetuple().tm_yday,
    "H": lambda moment: moment.time.hour,
    "k": lambda moment: moment.time.hour or 24,
    "h": lambda moment: moment.time.hour % 12 or 12,
    "K": lambda moment: moment.time.hour % 12,
    "m": lambda moment: moment.time.minute,
    "s": lambda moment: moment.time.second,
}
