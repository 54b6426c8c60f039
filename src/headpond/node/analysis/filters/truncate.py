"""`truncate`: cuts long terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.node.analysis.analyzer import TokenFilter


class Truncate(TokenFilter):
    """Cuts terms behind some characters.

    Args:
        options: `length` (10).
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._length = int(options.get("length", 10))

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The first characters of each term."""
        return [term and term[: self._length] for term in terms]
