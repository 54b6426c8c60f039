"""`keyword`: the whole text is one term."""

from __future__ import annotations

from headpond.node.analysis.analyzer import Spans, Tokenizer


class Keyword(Tokenizer):
    """The whole text is one term."""

    def terms(self, text: str) -> list[str]:
        """The text."""
        return [text]

    def spans(self, text: str) -> Spans:
        """The text, from its start to its end."""
        return Spans([text], [0], [len(text)], ["word"])
