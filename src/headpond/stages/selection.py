"""Which passages of a hit are worth a reranker's time: those that hold the query's words, rare ones first."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from headpond.stages.passage import Passage

_WORD = re.compile(r"\w+")
_PREFIX = 6
"""Words are compared by their first letters, a cheap stand-in for stemming (`vaccine`, `vaccines`)."""


def select(query: str, candidates: Sequence[Sequence[Passage]], size: int) -> list[list[Passage]]:
    """The `size` passages of each hit that share most with the query, in their order in the text.

    A word counts `log(1 + passages / passages with the word)`; with equal sums the earlier passage wins.

    Args:
        query: the text asked for.
        candidates: the passages of each hit.
        size: how many to keep of each.
    """
    if all(len(passages) <= size for passages in candidates):
        return [list(passages) for passages in candidates]
    wanted = _words(query)
    found = [[_words(passage.text) & wanted for passage in passages] for passages in candidates]
    counts = Counter(word for passages in found for words in passages for word in words)
    total = sum(len(passages) for passages in found)
    worth = {word: math.log(1 + total / count) for word, count in counts.items()}
    return [_best(passages, [sum(worth[word] for word in words) for words in each], size)
            for passages, each in zip(candidates, found, strict=True)]  # fmt: skip


def _best(passages: Sequence[Passage], scores: Sequence[float], size: int) -> list[Passage]:
    order = sorted(range(len(passages)), key=lambda place: -scores[place])
    return [passages[place] for place in sorted(order[:size])]


def _words(text: str) -> set[str]:
    return {word.casefold()[:_PREFIX] for word in _WORD.findall(text)}
