"""A tokenizer whose terms are the matches of one expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import regex

from headpond.node.analysis.analyzer import Spans, Tokenizer


class MatchTokenizer(Tokenizer):
    """Terms are the matches of `pattern`, cut where they are longer than `max_token_length` (255) characters."""

    pattern: ClassVar[regex.Pattern[str]]

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._longest = int(options.get("max_token_length", 255))

    def terms(self, text: str) -> list[str]:
        """The terms alone."""
        found: list[str] = self.pattern.findall(text)
        longest = self._longest
        if any(len(term) > longest for term in found):
            return [term[cut : cut + longest] for term in found for cut in range(0, len(term), longest)]
        return found

    def spans(self, text: str) -> Spans:
        """The terms with their offsets."""
        spans = Spans([], [], [], [])
        for match in self.pattern.finditer(text):
            for cut in range(match.start(), match.end(), self._longest):
                end = min(cut + self._longest, match.end())
                spans.terms.append(text[cut:end])
                spans.starts.append(cut)
                spans.ends.append(end)
                spans.types.append("word")
        return spans
