"""`porter_stem`: English word stems by Porter's first algorithm."""

from __future__ import annotations

import Stemmer

from headpond.node.analysis.analyzer import TokenFilter


class PorterStem(TokenFilter):
    """English word stems; terms must be in lower case."""

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The stems."""
        return [term and stem(term) for term in terms]


_porter = Stemmer.Stemmer("porter", 0)
_stems: dict[str, str] = {}


def stem(word: str) -> str:
    """The stem of one word; words of one or two letters stay, as in Lucene."""
    found = _stems.get(word)
    if found is None:
        found = word if len(word) <= 2 else _porter.stemWord(word)
        if len(_stems) > 200_000:
            _stems.clear()
        _stems[word] = found
    return found
