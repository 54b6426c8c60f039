"""Keeping the best matches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headpond.node.scoring.match import Match
from headpond.node.store.segment import Bool


def nearest(found: Sequence[Match], k: int) -> list[Match]:
    """The k best documents over all segments; among equals those of earlier segments, then of lower ordinals.

    Args:
        found: what matches, one entry a segment, in order; several shards' segments may follow each other.
        k: how many to keep.
    """
    docs = [np.flatnonzero(match.mask) for match in found]
    sizes = [len(part) for part in docs]
    if sum(sizes) <= k:
        return list(found)
    scores = np.concatenate([match.scores[part] for match, part in zip(found, docs, strict=True)])
    order = np.argsort(-scores, kind="stable")[:k]
    chosen: Bool = np.zeros(len(scores), np.bool_)
    chosen[order] = True
    kept, start = [], 0
    for match, part, size in zip(found, docs, sizes, strict=True):
        mask = np.zeros(len(match.mask), np.bool_)
        mask[part[chosen[start : start + size]]] = True
        kept.append(match.within(mask))
        start += size
    return kept
