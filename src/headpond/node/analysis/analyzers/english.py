"""`english`: words in lower case without possessives and stop words, stemmed by Porter's algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analyzer import Analyzer
from headpond.node.analysis.filters._possessive import Possessive
from headpond.node.analysis.filters.lowercase import Lowercase
from headpond.node.analysis.filters.porter_stem import PorterStem
from headpond.node.analysis.filters.stop import Stop
from headpond.node.analysis.tokenizers.standard import Standard


class English(Analyzer):
    """English text.

    Args:
        options: `stopwords` (`_english_`).
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        for missing in ("stem_exclusion", "stopwords_path"):
            if missing in options:
                reason = f"the english analyzer's [{missing}] is not supported by headpond"
                raise RestError(501, "not_implemented_exception", reason)
        super().__init__(Standard({}), [Possessive({}), Lowercase({}), Stop(options), PorterStem({})])
