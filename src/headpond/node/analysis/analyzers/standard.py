"""`standard`: words in lower case; the default of text fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.node.analysis.analyzer import Analyzer
from headpond.node.analysis.filters.lowercase import Lowercase
from headpond.node.analysis.filters.stop import Stop
from headpond.node.analysis.tokenizers.standard import Standard as StandardTokenizer


class Standard(Analyzer):
    """Words in lower case.

    Args:
        options: `max_token_length` (255), `stopwords` (`_none_`).
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        stops = [Stop(options)] if options.get("stopwords", "_none_") != "_none_" else []
        super().__init__(StandardTokenizer(options), [Lowercase({}), *stops])
