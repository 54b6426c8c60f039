"""`length`: keeps terms of some lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.node.analysis.analyzer import TokenFilter


class Length(TokenFilter):
    """Keeps terms that are neither too short nor too long.

    Args:
        options: `min` (0) and `max` (2147483647), in UTF-16 units.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._least = int(options.get("min", 0))
        self._most = int(options.get("max", 2147483647))

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The terms, None for each that does not fit."""
        return [term if term is not None and self._least <= _units(term) <= self._most else None for term in terms]


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
