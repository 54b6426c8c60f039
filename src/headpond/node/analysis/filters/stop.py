"""`stop`: takes stop words away; their positions stay empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analyzer import TokenFilter

ENGLISH = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "if",
        "in",
        "into",
        "is",
        "it",
        "no",
        "not",
        "of",
        "on",
        "or",
        "such",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "will",
        "with",
    ]
)
"""Lucene's EnglishAnalyzer.ENGLISH_STOP_WORDS_SET."""


class Stop(TokenFilter):
    """Takes stop words away.

    Args:
        options: `stopwords` (`_english_`, `_none_` or a list), `ignore_case` (false).
    """

    default = "_english_"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.ignore_case = options.get("ignore_case", False) in (True, "true")
        if "stopwords_path" in options:
            raise RestError(
                501, "not_implemented_exception", "[stopwords_path] is not supported by headpond, list the [stopwords]"
            )
        words = stop_words(options.get("stopwords", self.default))
        self.words = frozenset(word.lower() for word in words) if self.ignore_case else words

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The terms, None for each stop word."""
        words = self.words
        if self.ignore_case:
            return [None if term is None or term.lower() in words else term for term in terms]
        return [None if term in words else term for term in terms]


def stop_words(given: Any) -> frozenset[str]:
    """The words that a `stopwords` option names or lists."""
    if isinstance(given, str):
        given = [word.strip() for word in given.split(",")]
    words: set[str] = set()
    for word in given:
        if word == "_english_":
            words |= ENGLISH
        elif (
            isinstance(word, str) and len(word) > 2 and word.startswith("_") and word.endswith("_") and word != "_none_"
        ):
            reason = f"the stop word list [{word}] is not supported by headpond, list the words themselves"
            raise RestError(501, "not_implemented_exception", reason)
        elif word != "_none_":
            words.add(str(word))
    return frozenset(words)
