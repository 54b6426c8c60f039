"""Cuts one line of CSV into values, by the rules of Elasticsearch's `csv` processor, with its quirks.

The rules are RFC 4180's, except that blanks may stand around a quoted value. The quirks: a line that ends with a
separator has no value behind it; blanks behind the last value stay, also with `trim`; the first character of a value
may be anything; and without `trim` a value behind one of nothing but blanks begins too early.
"""

from __future__ import annotations

from collections.abc import Iterator

_BLANKS = " \t"


def values(line: str, *, separator: str = ",", quote: str = '"', trim: bool = False) -> Iterator[str]:
    """The values, in order; one that is empty is an empty text. Nothing behind the last one that is asked for is read.

    Args:
        line: the line.
        separator: one character.
        quote: one character.
        trim: takes blanks away around values that are not quoted.

    Raises:
        ValueError: a quote is not closed, or stands where none may.
    """
    at = start = 0
    while at < len(line):
        character = line[at]
        if character == quote:
            value, at = _quoted(line, at + 1, quote)
            if at < len(line) and line[at] not in (*_BLANKS, separator):
                raise _behind(line, at)
            yield value
            at = start = _next(line, at, separator)
        elif character == separator:
            at, start = at + 1, start + 1
            yield ""
        elif character in _BLANKS:
            at, start = at + 1, start + trim
        else:
            value, at = _unquoted(line, start, at + 1, separator, quote, trim)
            yield value
            start = at


def _unquoted(line: str, start: int, at: int, separator: str, quote: str, trim: bool) -> tuple[str, int]:
    """The value from `start` on, and the place behind its separator."""
    blanks = 0
    while at < len(line):
        character = line[at]
        if character in ("\n", "\r", quote):
            raise ValueError(f"Illegal character inside unquoted field at {at}")
        if character == separator:
            return line[start : at - blanks], at + 1
        blanks = blanks + 1 if trim and character in _BLANKS else 0
        at += 1
    return line[start:], at


def _quoted(line: str, at: int, quote: str) -> tuple[str, int]:
    """The value whose opening quote stands before `at`, and the place behind its closing one."""
    parts = []
    while True:
        end = line.find(quote, at)
        if end < 0:
            raise ValueError("Unmatched quote")
        parts.append(line[at:end])
        if line[end + 1 : end + 2] != quote:
            return quote.join(parts), end + 1
        at = end + 2


def _next(line: str, at: int, separator: str) -> int:
    """The place behind the separator that follows a quoted value."""
    while at < len(line):
        if line[at] == separator:
            return at + 1
        if line[at] not in _BLANKS:
            raise _behind(line, at)
        at += 1
    return at


def _behind(line: str, at: int) -> ValueError:
    return ValueError(f"character '{line[at]}' after quoted field at {at}")
