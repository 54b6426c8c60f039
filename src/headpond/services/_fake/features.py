"""Vectors and scores without a model: the same text gives the same numbers, texts that share words are near."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import numpy as np
import regex
from numpy.typing import NDArray

_WORD = regex.compile(r"[\p{L}\p{N}]+")

Float32 = NDArray[np.float32]


def weighted_words(text: str) -> dict[str, float]:
    """The words of a text in lower case with weights above zero; long and repeated words weigh more."""
    counts: dict[str, int] = {}
    for word in _WORD.findall(text.lower()):
        counts[word] = counts.get(word, 0) + 1
    return {word: (1 + math.log(count)) * min(len(word), 8) / 8 for word, count in counts.items()}


def dense(text: str, dimensions: int, seed: int) -> Float32:
    """A unit vector float32[dimensions]: the weighted sum of one random direction a word and half of one its stem."""
    total = np.zeros(dimensions, dtype=np.float32)
    for word, weight in weighted_words(text).items():
        total += weight * _direction(word, dimensions, seed)
        total += 0.5 * weight * _direction(f"{word[:4]}*", dimensions, seed)
    length = float(np.linalg.norm(total))
    return total / length if length else _direction("", dimensions, seed)


@lru_cache(maxsize=65536)
def _direction(feature: str, dimensions: int, seed: int) -> Float32:
    digest = hashlib.blake2b(f"{seed}:{feature}".encode(), digest_size=8).digest()
    vector = np.random.default_rng(int.from_bytes(digest)).standard_normal(dimensions, dtype=np.float32)
    unit: Float32 = vector / np.linalg.norm(vector)
    unit.flags.writeable = False
    return unit


def overlap(query: str, document: str) -> float:
    """How much of the query's weight the document's words hold, 0 to 1, a little less for longer documents."""
    wanted, held = weighted_words(query), weighted_words(document)
    total = sum(wanted.values())
    if not total:
        return 0.0
    shared = sum(weight for word, weight in wanted.items() if word in held)
    return float(shared / total / (1 + 0.001 * len(held)))
