"""Words of a query in texts, as query stages compare them: in any script, without a dictionary.

Words are compared by their first letters, a cheap stand-in for stemming (`vaccine`, `vaccines`). Chinese, Japanese and
Thai have no spaces between words, and Korean ties endings to them. There a query is compared by the pieces of a few
characters that it is made of, as Lucene's CJK analyzer does with pairs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

_PREFIX = 6
"""Letters of a word that count."""

_ASCII = re.compile(r"\w+")
_EAST = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\u30FC]"
_SOUTH_EAST = r"\p{LB=SA}"
_WORD = regex.compile(rf"[\w--{_EAST}--{_SOUTH_EAST}]+", regex.V1)
_RUN = regex.compile(rf"({_EAST}+)|({_SOUTH_EAST}+)", regex.V1)
_PIECE = (2, 3)
"""Characters of a piece in each of both: a letter of Thai says less than an ideograph."""


def stem(word: str) -> str:
    """The form in which words are compared."""
    return word.casefold()[:_PREFIX]


def words(text: str) -> list[str]:
    """The words between spaces and marks, without those of scripts that have no spaces."""
    return _ASCII.findall(text) if text.isascii() else [match[0] for match in _WORD.finditer(text)]


def pieces(text: str) -> list[str]:
    """The pieces, which overlap, of what is written in scripts without spaces; one that is shorter is a piece."""
    if text.isascii():
        return []
    found: list[str] = []
    for match in _RUN.finditer(text):
        run, size = match[0], _PIECE[match.lastindex - 1]
        found += [run[at : at + size] for at in range(max(1, len(run) - size + 1))]
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What the words of a query are found by.

    Attributes:
        stems: of its words.
        pieces: of its words in scripts without spaces.
    """

    stems: frozenset[str]
    pieces: frozenset[str]

    @classmethod
    def of(cls, query: str, but: frozenset[str] = frozenset()) -> Asked:
        """Those of a query.

        Args:
            query: the text asked for.
            but: words that do not count, unless there are no others.
        """
        known = {word.casefold() for word in words(query)}
        return cls(frozenset(map(stem, known - but or known)), frozenset(pieces(query)))

    @property
    def all(self) -> frozenset[str]:
        """Both."""
        return self.stems | self.pieces

    def within(self, text: str) -> set[str]:
        """Those that a text holds."""
        return {stem(word) for word in words(text)} & self.stems | {piece for piece in self.pieces if piece in text}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where a text holds them, as (start, end) in characters; what touches or overlaps is one span."""
        found = (_ASCII if text.isascii() else _WORD).finditer(text)
        places = [match.span() for match in found if stem(match[0]) in self.stems]
        for piece in self.pieces:
            places += _places(piece, text)
        return _joined(sorted(places))


def _places(piece: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(piece)
    while at >= 0:
        yield at, at + len(piece)
        at = text.find(piece, at + 1)


def _joined(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in places:
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return spans
