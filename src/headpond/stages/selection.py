"""Which passages of a hit are worth a reranker's time: those that hold the query's words, rare ones first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from headpond.stages.passage import Passage
from headpond.stages.words import Asked


def select(query: str, candidates: Sequence[Sequence[Passage]], size: int) -> list[list[Passage]]:
    """The `size` passages of each hit that share most with the query, in their order in the text.

    With equal shares the earlier passage wins.

    Args:
        query: the text asked for.
        candidates: the passages of each hit.
        size: how many to keep of each.
    """
    if all(len(passages) <= size for passages in candidates):
        return [list(passages) for passages in candidates]
    scored = shares(query, [[passage.text for passage in passages] for passages in candidates])
    return [_best(passages, each, size) for passages, each in zip(candidates, scored, strict=True)]


def shares(query: str, texts: Sequence[Sequence[str]]) -> list[list[float]]:
    """How much of the query each text holds, 0 to 1.

    A word counts `log(1 + texts / texts with the word)`; one that is in no text counts as if it were in one.

    Args:
        query: the text asked for.
        texts: those of each hit.
    """
    asked = Asked.of(query)
    found = [[asked.within(text) for text in each] for each in texts]
    counts = Counter(word for each in found for held in each for word in held)
    total = sum(len(each) for each in found)
    worth = {word: math.log(1 + total / max(1, counts[word])) for word in sorted(asked.all)}
    whole = sum(worth.values()) or 1.0
    return [[sum(worth[word] for word in sorted(held)) / whole for held in each] for each in found]


def _best(passages: Sequence[Passage], scores: Sequence[float], size: int) -> list[Passage]:
    order = sorted(range(len(passages)), key=lambda place: -scores[place])
    return [passages[place] for place in sorted(order[:size])]
