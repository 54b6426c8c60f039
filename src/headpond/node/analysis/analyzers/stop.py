"""`stop`: runs of letters in lower case without stop words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.node.analysis.analyzer import Analyzer
from headpond.node.analysis.filters.lowercase import Lowercase
from headpond.node.analysis.filters.stop import Stop as StopFilter
from headpond.node.analysis.tokenizers.letter import Letter


class Stop(Analyzer):
    """Runs of letters in lower case without stop words.

    Args:
        options: `stopwords` (`_english_`).
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(Letter({}), [Lowercase({}), StopFilter(options)])
