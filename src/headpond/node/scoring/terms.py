"""Matching single terms of inverted fields."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from headpond.node.scoring import bm25
from headpond.node.scoring.match import Match, constant
from headpond.node.search.shard import Shard, mask_of
from headpond.node.store.segment import Bool


@dataclass(frozen=True, slots=True)
class Weighted:
    """A term with what it counts for.

    Attributes:
        term: the indexed term.
        boost: factor of its score.
        doc_freq: documents with the term, where another number than the shard's is to be used (blended terms).
    """

    term: str
    boost: float = 1.0
    doc_freq: int | None = None


def match_term(shard: Shard, path: str, weighted: Weighted) -> list[Match]:
    """Documents that hold the term, scored by BM25 with the statistics of the whole shard."""
    statistics = shard.statistics(path)
    doc_freq = weighted.doc_freq if weighted.doc_freq is not None else shard.doc_freq(path, weighted.term)
    found = []
    for leaf, postings in zip(shard.leaves, shard.postings(path), strict=True):
        size = leaf.segment.max_doc
        mask, scores = np.zeros(size, np.bool_), np.zeros(size, np.float32)
        row = postings.rows.get(weighted.term) if postings is not None else None
        if postings is not None and row is not None:
            entries = slice(postings.starts[row], postings.starts[row + 1])
            docs = postings.docs[entries]
            freqs = postings.freqs[entries].astype(np.float32) if statistics.counts else np.ones(len(docs), np.float32)
            table = bm25.inverse_norms(statistics)
            idf = bm25.idf(statistics.doc_count, doc_freq)
            weight = bm25.weight(idf, statistics.similarity, weighted.boost)
            mask[docs] = True
            scores[docs] = bm25.score(weight, freqs, bm25.entry_norms(postings, statistics, docs, table))
        found.append(Match(mask, scores))
    return found


def match_any(shard: Shard, path: str, terms: Iterable[str], score: float = 1.0) -> list[Match]:
    """Documents that hold any of the terms, all with one score."""
    wanted = list(terms)
    return [constant(mask, score) for mask in _masks(shard, path, wanted)]


def _masks(shard: Shard, path: str, terms: Sequence[str]) -> list[Bool]:
    masks = []
    for leaf, postings in zip(shard.leaves, shard.postings(path), strict=True):
        docs = [np.zeros(0, np.int32)]
        if postings is not None:
            rows = (postings.rows.get(term) for term in terms)
            docs += [postings.docs[postings.starts[row] : postings.starts[row + 1]] for row in rows if row is not None]
        masks.append(mask_of(np.concatenate(docs), leaf.segment.max_doc))
    return masks


def match_between(
    shard: Shard,
    path: str,
    first: str | None,
    last: str | None,
    *,
    include_low: bool = True,
    include_high: bool = True,
) -> list[Bool]:
    """For each segment bool[max_doc], the documents with a term between the bounds; None means no bound."""
    masks = []
    for leaf, postings in zip(shard.leaves, shard.postings(path), strict=True):
        docs = np.zeros(0, np.int32)
        if postings is not None:
            terms = list(postings.rows)
            low = 0 if first is None else (bisect_left if include_low else bisect_right)(terms, first)
            high = len(terms) if last is None else (bisect_right if include_high else bisect_left)(terms, last)
            docs = postings.docs[postings.starts[low] : postings.starts[max(low, high)]]
        masks.append(mask_of(docs, leaf.segment.max_doc))
    return masks
