"""Patterns of Java's `DateTimeFormatter`, cut into pieces: `yyyy-MM-dd'T'HH:mm[:ss]`."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

_JAVA_LETTERS = frozenset("GuyDMLdQqYwWEecFaBhKkHmsSAnNgVvzOXxZp")
_MOST = {
    **dict.fromkeys("MLQqEec", 5), **dict.fromkeys("dHmshkK", 2), **dict.fromkeys("XxZ", 5),
    "D": 3, "S": 9, "a": 1, "z": 4, "V": 2,
}  # fmt: skip
"""How often a letter may stand; others up to 19 times."""
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.DOTALL)


class PatternError(ValueError):
    """A pattern is broken."""


class UnsupportedPatternError(ValueError):
    """A pattern is right for Java, and not supported here."""


@dataclass(frozen=True, slots=True)
class Letters:
    """A letter with how often it stands, as in `yyyy`."""

    letter: str
    count: int


Piece = Letters | str
"""Letters, a text as it is, or the marks `OPEN` and `CLOSE` of an optional section."""
OPEN, CLOSE = "\0[", "\0]"


@functools.lru_cache(maxsize=512)
def pieces(pattern: str) -> tuple[Piece, ...]:
    """The pieces of a pattern.

    Raises:
        PatternError: it is broken.
    """
    found: list[Piece] = []
    depth = 0
    for match in _TOKEN.finditer(pattern):
        text, quoted, letter = match[0], match[1], match[2]
        if quoted is not None:
            found.append(quoted.replace("''", "'") or "'")
        elif letter is not None:
            found.append(_letters(letter, len(text)))
        elif text in "{}#":
            raise PatternError(f"Pattern includes reserved character: '{text}'")
        elif text == "'":
            raise PatternError("Pattern ends with an incomplete string literal: " + pattern)
        elif text in "[]":
            depth += 1 if text == "[" else -1
            if depth < 0:
                raise PatternError("Pattern invalid as it contains ] without previous [")
            found.append(OPEN if text == "[" else CLOSE)
        else:
            found.append(text)
    return (*found, *[CLOSE] * depth)


def _letters(letter: str, count: int) -> Letters:
    if letter not in _JAVA_LETTERS:
        raise PatternError(f"Unknown pattern letter: {letter}")
    if count > _MOST.get(letter, 19):
        raise PatternError(f"Too many pattern letters: {letter}")
    return Letters(letter, count)


def unsupported(piece: Letters, pattern: str) -> UnsupportedPatternError:
    """The error for letters that are not supported."""
    return UnsupportedPatternError(f"the letter [{piece.letter}] of the date format [{pattern}]")
