"""`unique`: takes terms away that have come before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from headpond.errors import RestError
from headpond.node.analysis.analyzer import TokenFilter


class Unique(TokenFilter):
    """Takes terms away that have come before in the same value."""

    alone: ClassVar[bool] = False

    def __init__(self, options: Mapping[str, Any]) -> None:
        if options.get("only_on_same_position", False) not in (False, "false"):
            reason = "the unique filter's [only_on_same_position] is not supported by headpond"
            raise RestError(501, "not_implemented_exception", reason)

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The terms, None for each that has come before."""
        seen: set[str] = set()
        kept: list[str | None] = []
        for term in terms:
            kept.append(None if term is None or term in seen else term)
            if term is not None:
                seen.add(term)
        return kept
