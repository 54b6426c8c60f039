"""`standard`: words as Unicode Standard Annex 29 finds them, with the token kinds of Lucene's StandardTokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import regex

from headpond.inference.boundaries import ASCII_WORD
from headpond.node.analysis.analyzer import Spans, Tokenizer

_EXTEND = r"[\p{WB=Format}\p{WB=Extend}\p{WB=ZWJ}]*+"
_NUMBER = rf"[\p{{WB=Numeric}}\uFF10-\uFF19]{_EXTEND}"
_HEBREW = rf"\p{{WB=Hebrew_Letter}}{_EXTEND}"
_LETTER = (
    rf"(?:{_HEBREW}(?:\p{{WB=Double_Quote}}{_EXTEND}(?={_HEBREW})|\p{{WB=Single_Quote}}{_EXTEND})?+"
    rf"|\p{{WB=ALetter}}{_EXTEND})"
)
_KATAKANA = rf"\p{{WB=Katakana}}{_EXTEND}"
_JOIN = rf"\p{{WB=ExtendNumLet}}{_EXTEND}"
_MID_LETTER = rf"[\p{{WB=MidLetter}}\p{{WB=MidNumLet}}\p{{WB=Single_Quote}}]{_EXTEND}"
_MID_NUMBER = rf"[\p{{WB=MidNum}}\p{{WB=MidNumLet}}\p{{WB=Single_Quote}}]{_EXTEND}"
_NUMBERS = rf"{_NUMBER}(?:(?:{_MID_NUMBER})?{_NUMBER})*+"
_LETTERS = rf"{_LETTER}(?:(?:{_MID_LETTER})?{_LETTER})*+"
_PART = rf"(?:(?:{_KATAKANA})++|(?:{_NUMBERS}|{_LETTERS})++)"
_WORD = rf"(?:{_JOIN})*+{_PART}(?:(?:{_JOIN})++{_PART})*(?:{_JOIN})*+"
_PICTURE = rf"(?:\p{{Extended_Pictographic}}|[\p{{Emoji_Presentation}}--\p{{Regional_Indicator}}]){_EXTEND}"
_FLAG = rf"\p{{Regional_Indicator}}{_EXTEND}"
_EMOJI = rf"{_FLAG}{_FLAG}|[0-9#*]\uFE0F?\u20E3|{_PICTURE}(?:(?<=\u200D){_PICTURE})*"

_UNICODE = regex.compile(
    rf"(?P<emoji>{_EMOJI})|(?P<word>{_WORD})|(?P<asian>(?:\p{{LB=SA}}{_EXTEND})++)"
    rf"|(?P<han>\p{{Script=Han}}{_EXTEND})|(?P<hiragana>\p{{Script=Hiragana}}{_EXTEND})",
    flags=regex.V1,
)
_LETTERED = regex.compile(r"[\p{WB=ALetter}\p{WB=Hebrew_Letter}\p{WB=Katakana}]", flags=regex.V1)
_HANGUL_ONLY = regex.compile(rf"(?:[\p{{Script=Hangul}}&&\p{{WB=ALetter}}]{_EXTEND})+", flags=regex.V1)
_KATAKANA_ONLY = regex.compile(rf"(?:{_KATAKANA})+", flags=regex.V1)

_KINDS = {
    "emoji": "<EMOJI>",
    "asian": "<SOUTHEAST_ASIAN>",
    "han": "<IDEOGRAPHIC>",
    "hiragana": "<HIRAGANA>",
}


class Standard(Tokenizer):
    """Words, numbers, emoji; ideographs one by one.

    Args:
        options: `max_token_length` (255): longer words are cut.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._longest = int(options.get("max_token_length", 255))

    def terms(self, text: str) -> list[str]:
        """The terms alone."""
        found = ASCII_WORD.findall(text) if text.isascii() else [match[0] for match in _UNICODE.finditer(text)]
        longest = self._longest
        if len(text) > longest and found and len(max(found, key=len)) > longest:
            return [term[cut : cut + longest] for term in found for cut in range(0, len(term), longest)]
        return found

    def spans(self, text: str) -> Spans:
        """The terms with offsets and kinds."""
        spans = Spans([], [], [], [])
        for term, start, kind in self._matches(text):
            for cut in range(0, len(term), self._longest):
                part = term[cut : cut + self._longest]
                spans.terms.append(part)
                spans.starts.append(start + cut)
                spans.ends.append(start + cut + len(part))
                spans.types.append(kind)
        return spans

    @staticmethod
    def _matches(text: str) -> Iterator[tuple[str, int, str]]:
        if text.isascii():
            for found in ASCII_WORD.finditer(text):
                yield found[0], found.start(), _word_kind(found[0])
        else:
            for match in _UNICODE.finditer(text):
                group = str(match.lastgroup)
                yield match[0], match.start(), _KINDS.get(group) or _word_kind(match[0])


def _word_kind(word: str) -> str:
    if not _LETTERED.search(word):
        return "<NUM>"
    if word.isascii():
        return "<ALPHANUM>"
    if _HANGUL_ONLY.fullmatch(word):
        return "<HANGUL>"
    return "<KATAKANA>" if _KATAKANA_ONLY.fullmatch(word) else "<ALPHANUM>"
