"""`stemmer`: word stems by language; of English only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analyzer import TokenFilter
from headpond.node.analysis.filters._possessive import Possessive
from headpond.node.analysis.filters.porter_stem import PorterStem

STEMMERS = {"english": PorterStem, "porter": PorterStem, "possessive_english": Possessive}


class Stemmer(TokenFilter):
    """Word stems.

    Args:
        options: `language` (english): english, porter or possessive_english.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        language = str(options.get("language", options.get("name", "english"))).lower()
        if language not in STEMMERS:
            reason = f"the stemmer [{language}] is not supported by headpond; it has {', '.join(STEMMERS)}"
            raise RestError(501, "not_implemented_exception", reason)
        self._stem = STEMMERS[language]({})

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The stems."""
        return self._stem(terms)
