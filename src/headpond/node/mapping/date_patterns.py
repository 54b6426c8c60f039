"""Date formats of mappings as expressions: Elasticsearch's named ones, and patterns of Java's DateTimeFormatter.

The groups of an expression are `year short_year month month_name day hour minute second fraction zone`, or `millis` or
`seconds`.
"""

from __future__ import annotations

import re

from headpond.dates import names
from headpond.dates.pattern import CLOSE, OPEN, Letters, PatternError, pieces
from headpond.errors import RestError
from headpond.node.call import illegal_argument

_PARTS = {"y": "year", "u": "year", "M": "month", "L": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}


def pattern_of(name: str) -> re.Pattern[str]:
    """The expression of one alternative of a `format` option.

    Raises:
        RestError: 400, a pattern has a letter that is none; 501, one that headpond does not read.
    """
    plain = name.removeprefix("strict_")
    if name in names.SPECIAL:
        return re.compile(names.SPECIAL[name])
    if plain in names.PATTERNS:
        return _compile(names.PATTERNS[plain], lax=plain == name)
    if plain in names.BASIC:
        return _compile(names.BASIC[plain], lax=False)
    if names.is_unsupported(name):
        raise RestError(501, "not_implemented_exception", f"the date format [{name}] is not supported by headpond")
    return _compile(name, lax=False)


def _compile(pattern: str, *, lax: bool) -> re.Pattern[str]:
    try:
        found = pieces(pattern)
    except PatternError as error:
        reason = f"Invalid format: [{pattern}]: {error}"
        raise RestError(400, "illegal_argument_exception", reason, caused_by=illegal_argument(str(error))) from None
    out = []
    for piece in found:
        if isinstance(piece, Letters):
            out.append(_part(piece.letter, piece.count, pattern, lax))
        else:
            out.append({OPEN: "(?:", CLOSE: ")?"}.get(piece) or re.escape(piece))
    return re.compile("".join(out))


def _part(letter: str, count: int, pattern: str, lax: bool) -> str:
    if letter in "ML" and count >= 3:
        return r"(?P<month_name>[A-Za-z]{3,9})"
    if letter in "yu":
        if count == 2:
            return r"(?P<short_year>\d{2})"
        return f"(?P<year>{names.LAX_YEAR if lax or count == 1 else rf'{chr(92)}d{{{count}}}'})"
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
