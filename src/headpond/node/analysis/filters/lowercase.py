"""`lowercase`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analyzer import TokenFilter


class Lowercase(TokenFilter):
    """Lower case, character by character as Java does it: no special final sigma, dotted I becomes i."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        if "language" in options:
            reason = f"the lowercase filter's [language] [{options['language']}] is not supported by headpond"
            raise RestError(501, "not_implemented_exception", reason)

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The terms in lower case."""
        return [term and (term.lower() if term.isascii() else lower(term)) for term in terms]


def lower(text: str) -> str:
    """One character at a time, so that a character never depends on its neighbours or becomes two."""
    if "Σ" in text or "İ" in text:
        return "".join(character.lower()[0] for character in text)
    return text.lower()
