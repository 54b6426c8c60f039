"""`lowercase`: runs of letters in lower case."""

from __future__ import annotations

from headpond.node.analysis.analyzer import Spans
from headpond.node.analysis.filters.lowercase import lower
from headpond.node.analysis.tokenizers.letter import Letter


class Lowercase(Letter):
    """Runs of letters in lower case."""

    def terms(self, text: str) -> list[str]:
        """The terms alone."""
        return [lower(term) for term in super().terms(text)]

    def spans(self, text: str) -> Spans:
        """The terms with their offsets."""
        spans = super().spans(text)
        return spans._replace(terms=[lower(term) for term in spans.terms])
