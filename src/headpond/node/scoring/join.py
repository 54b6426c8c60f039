"""From nested objects to the documents that hold them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from headpond.node.scoring.match import Match
from headpond.node.search.shard import Leaf, mask_of
from headpond.node.store.segment import Float32, Int64, Segment

ScoreMode = Literal["avg", "max", "min", "sum", "none"]


def join(leaf: Leaf, children: Match, path: str, scope: str, mode: ScoreMode) -> Match:
    """The parents of matching nested objects.

    Args:
        leaf: the segment.
        children: what matches, of which only live objects under `path` count.
        path: nested path of the objects.
        scope: nested path of the parents, "" for whole documents.
        mode: how several objects' scores become one.
    """
    segment = leaf.segment
    docs = np.flatnonzero(children.mask & leaf.live & of_kind(segment, path))
    if not len(docs):
        return Match(np.zeros(segment.max_doc, np.bool_), np.zeros(segment.max_doc, np.float32))
    parents = parents_of(segment, docs, scope)
    scores = np.zeros(segment.max_doc, np.float32)
    unique, joined = joined_scores(parents, children.scores[docs], mode)
    scores[unique] = joined
    return Match(mask_of(unique.astype(np.int32), segment.max_doc), scores)


def of_kind(segment: Segment, path: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """bool[max_doc]: documents of one nested path, "" for roots."""
    if path not in segment.paths:
        return np.zeros(segment.max_doc, np.bool_)
    return np.asarray(segment.kinds == segment.paths.index(path))


def parents_of(segment: Segment, docs: Int64, scope: str) -> Int64:
    """int64[n]: for each nested document the next one of the scope, which holds it."""
    if scope == "":
        return segment.roots[docs].astype(np.int64)
    candidates = np.flatnonzero(of_kind(segment, scope))
    return candidates[np.searchsorted(candidates, docs)]


def joined_scores(parents: Int64, scores: Float32, mode: ScoreMode) -> tuple[Int64, Float32]:
    """The distinct parents, and one score for each; sums are taken in 64 bits as in Lucene."""
    unique, place, counts = np.unique(parents, return_inverse=True, return_counts=True)
    if mode == "none":
        return unique, np.zeros(len(unique), np.float32)
    if mode in ("avg", "sum"):
        total = np.bincount(place, weights=scores, minlength=len(unique))
        return unique, (total / counts if mode == "avg" else total).astype(np.float32)
    result = np.full(len(unique), -np.inf if mode == "max" else np.inf, np.float32)
    (np.maximum if mode == "max" else np.minimum).at(result, place, scores)
    return unique, result
