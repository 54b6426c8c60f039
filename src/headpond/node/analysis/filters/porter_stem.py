"""`porter_stem`: English word stems by Porter's first algorithm."""

from __future__ import annotations

from headpond.node.analysis.analyzer import TokenFilter
from headpond.node.analysis.porter import stem


class PorterStem(TokenFilter):
    """English word stems; terms must be in lower case."""

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The stems."""
        return [term and stem(term) for term in terms]
