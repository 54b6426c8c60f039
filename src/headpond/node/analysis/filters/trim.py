"""`trim`: takes white space away at both ends of a term."""

from __future__ import annotations

from headpond.node.analysis.analyzer import TokenFilter


class Trim(TokenFilter):
    """Takes white space away at both ends of a term."""

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The trimmed terms."""
        return [term and term.strip() for term in terms]
