"""`whitespace`: terms between white space, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.node.analysis.analyzer import Analyzer
from headpond.node.analysis.tokenizers.whitespace import Whitespace as WhitespaceTokenizer


class Whitespace(Analyzer):
    """Terms between white space, as they are."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(WhitespaceTokenizer({}))
