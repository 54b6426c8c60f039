"""`keyword`: the whole text is one term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.node.analysis.analyzer import Analyzer
from headpond.node.analysis.tokenizers.keyword import Keyword as KeywordTokenizer


class Keyword(Analyzer):
    """The whole text is one term."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(KeywordTokenizer({}))
