"""Where words and sentences end, by Unicode's rules (UAX 29), which Elasticsearch's break iterators follow too."""

from __future__ import annotations

import re
from functools import cache

import regex

ASCII_WORD = re.compile(
    r"_*[A-Za-z0-9][A-Za-z0-9_]*"
    r"(?:(?:(?<=[A-Za-z])[.:'](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))[A-Za-z0-9_]+)*"
)
"""A word of a text whose characters are all ASCII, by the same rules; many times as fast."""

_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_BOUNDARY = regex.compile(r"(?w)\b")

_END_OF_LINE = r"(?:\r\n|[\r\n\p{SB=Sep}])"
_TERMINATOR = r"[\p{SB=STerm}\p{SB=ATerm}]"
_LETTER = r"[\p{SB=Upper}\p{SB=Lower}]"


@cache
def _sentence_end() -> regex.Pattern[str]:
    """Matches what ends a sentence, up to and with the blanks behind it (rules SB4 and SB6 to SB11)."""
    tail = rf"\p{{SB=Close}}*+\p{{SB=Sp}}*+(?!\p{{SB=SContinue}}|{_TERMINATOR}){_END_OF_LINE}?"
    not_number_or_initial = rf"(?!\p{{SB=Numeric}})(?!(?<={_LETTER}\p{{SB=ATerm}})\p{{SB=Upper}})"
    no_lower_follows = (
        r"(?!\p{SB=Close}*+\p{SB=Sp}*+"
        r"[^\p{SB=OLetter}\p{SB=Upper}\p{SB=Lower}\r\n\p{SB=Sep}\p{SB=STerm}\p{SB=ATerm}]*+\p{SB=Lower})"
    )
    full_stop = rf"\p{{SB=ATerm}}{not_number_or_initial}{no_lower_follows}{tail}"
    return regex.compile(rf"\p{{SB=STerm}}{tail}|{full_stop}|{_END_OF_LINE}")


def word_ends(text: str) -> list[int]:
    """The offset behind each word; what holds no letter and no digit is no word.

    >>> word_ends("Don't stop, 3.14!")
    [5, 10, 16]
    """
    if text.isascii():
        return [word.end() for word in ASCII_WORD.finditer(text)]
    ends, start = [], 0
    for boundary in _BOUNDARY.finditer(text):
        end = boundary.end()
        # What Python knows as a letter or a digit is one; it may know an older Unicode than `regex` does.
        if text[start:end].isalnum() or _LETTER_OR_DIGIT.search(text, start, end):
            ends.append(end)
        start = end
    return ends


def sentence_ends(text: str) -> list[int]:
    """The offset behind each sentence and the blanks that follow it; the last is the text's length.

    A line's end ends a sentence, as in ICU.
    """
    ends = [match.end() for match in _sentence_end().finditer(text)]
    if not ends or ends[-1] < len(text):
        ends.append(len(text))
    return ends
