"""`uppercase`."""

from __future__ import annotations

from headpond.node.analysis.analyzer import TokenFilter


class Uppercase(TokenFilter):
    """Upper case, character by character: what would become two characters stays."""

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The terms in upper case."""
        return [term and _upper(term) for term in terms]


def _upper(text: str) -> str:
    if text.isascii():
        return text.upper()
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in text)
