"""Rows of a text table: its delimiter is found out, and a quote that is never closed costs its own line only.

Python's `csv` reads from a quote to the next one, wherever that is: a forgotten one swallows rows without a word. Here
a row that does not end as RFC 4180 has it is given up, and reading goes on in the line behind its first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

DELIMITERS = ",;\t|"
LONGEST = 10_000_000
"""Characters of one value."""

_SAMPLE = 20
"""Lines that are looked at to find the delimiter."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: where it begins, from 1.
        values: its values; None when they cannot be told.
        text: its first line, when they cannot.
        error: why they cannot.
    """

    line: int
    values: list[str] | None
    text: str = ""
    error: str | None = None


def rows(text: TextIO, *, preferred: str) -> Iterator[Row]:
    """All rows with values, the header too.

    Args:
        text: opened with `newline=""`.
        preferred: the delimiter when nothing speaks for another one.
    """
    csv.field_size_limit(LONGEST)
    lines = _Lines(text)
    delimiter = _delimiter(lines, preferred)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = lines.number + 1
        lines.taken.clear()
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield Row(first, None, lines.taken[0], _reason(error, lines.taken, first, delimiter))
            lines.back(1)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if values is None:
            return
        if values:
            yield Row(first, values)


class _Lines:
    """The lines of a text, with a way back to those of the row that is being read.

    Attributes:
        number: lines given so far.
        taken: those given since it was cleared.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: list[str] = []
        self.number = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._text)
        self.number += 1
        self.taken.append(line)
        return line

    def back(self, kept: int) -> None:
        """Gives what was taken once more, but for the first few."""
        self._again += reversed(self.taken[kept:])
        self.number -= len(self.taken) - kept
        self.taken.clear()


def _delimiter(lines: _Lines, preferred: str) -> str:
    """The one that cuts the most rows into as many values as the header has; of several the one with most columns."""
    sample = list(islice(lines, _SAMPLE))
    lines.back(0)

    def fit(delimiter: str) -> tuple[float, int, bool]:
        found = []
        reader = csv.reader(sample, delimiter=delimiter)
        try:
            found = [len(row) for row in reader if row]
        except csv.Error:
            return 0.0, 0, False
        columns = found[0] if found else 0
        if columns < 2:
            return 0.0, 0, delimiter == preferred
        return found.count(columns) / len(found), columns, delimiter == preferred

    return max(DELIMITERS, key=fit)


def _reason(error: csv.Error, taken: list[str], first: int, delimiter: str) -> str:
    """Words for what is wrong, with the place of the quote that the value begins with."""
    text = "".join(taken)
    place = _opened(text, delimiter)
    if place is None:
        return f"the row cannot be read: {error}"
    line = first
    for one in taken:
        if place < len(one):
            break
        place -= len(one)
        line += 1
    quote = f"the quote in line {line}, column {place + 1}"
    if "end of data" in str(error):
        return f"{quote} is never closed"
    if "limit" in str(error):
        return f"{quote} is not closed within {LONGEST:,} characters"
    return f"{quote} is not closed before the next value begins; a quote inside a value is written twice"


def _opened(text: str, delimiter: str) -> int | None:
    """The offset of the quote that the last value begins with."""
    opened, at = None, 0
    while (quote := text.find('"', at)) >= 0:
        at = quote + 1
        if quote and text[quote - 1] not in (delimiter, "\n", "\r"):
            continue  # inside a value without quotes it is a character like others
        opened = quote
        while (closing := text.find('"', at)) >= 0 and text[closing + 1 : closing + 2] == '"':
            at = closing + 2
        if closing < 0:
            return opened
        at = closing + 1
        if text[at : at + 1] not in (delimiter, "\n", "\r", ""):
            return opened
    return opened
