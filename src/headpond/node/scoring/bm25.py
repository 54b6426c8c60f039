"""BM25 as Elasticsearch's similarity of this name computes it, in 32-bit floats."""

from __future__ import annotations

import math

import numpy as np

from headpond.node.mapping.similarity import Similarity
from headpond.node.search.shard import FieldStatistics
from headpond.node.store.segment import Float32, Int32, Postings
from headpond.node.store.small_float import LENGTHS, encode_lengths


def idf(doc_count: int, doc_freq: float) -> np.float32:
    """`ln(1 + (N - n + 0.5) / (n + 0.5))`, with N the documents that have the field and n those with the term.

    Source: Lucene's BM25Similarity.
    """
    return np.float32(math.log(1 + (doc_count - doc_freq + 0.5) / (doc_freq + 0.5)))


def weight(idf_sum: np.float32, similarity: Similarity, boost: float = 1.0) -> np.float32:
    """The score's upper bound: `boost * (k1 + 1) * idf`.

    Elasticsearch keeps the factor `k1 + 1` that Lucene dropped (its LegacyBM25Similarity).
    """
    return np.float32(np.float32(boost) * (np.float32(1) + np.float32(similarity.k1)) * idf_sum)


def inverse_norms(statistics: FieldStatistics) -> Float32:
    """float32[256]: for each stored length `1 / (k1 * (1 - b + b * length / average length))`."""
    average = np.float32(statistics.total_terms / statistics.doc_count)
    k1, b = np.float32(statistics.similarity.k1), np.float32(statistics.similarity.b)
    with np.errstate(divide="ignore"):  # without k1 occurrences do not count, however long the field is
        norms: Float32 = np.float32(1) / (k1 * ((np.float32(1) - b) + b * LENGTHS.astype(np.float32) / average))
    return norms


def score(weight: np.float32, freqs: Float32, norms: Float32 | np.float32) -> Float32:
    """`weight * tf`, with `tf = freq / (freq + 1 / norm)`, float32[n]; written as Lucene does, to round alike.

    Args:
        weight: see `weight`.
        freqs: float32[n], occurrences (phrases have fractions).
        norms: float32[n] out of `inverse_norms`, or one for all.
    """
    result: Float32 = weight - weight / (np.float32(1) + freqs * norms)
    return result


def entry_norms(postings: Postings, statistics: FieldStatistics, docs: Int32, table: Float32) -> Float32 | np.float32:
    """The table's values for some documents.

    Without norms every field counts as one term long; where frequencies do not count, the length is the number of
    distinct terms.
    """
    if postings.norms is None or not statistics.norms:
        return np.float32(table[1])
    if not statistics.counts:
        return table[encode_lengths(np.bincount(postings.docs, minlength=int(docs.max(initial=0)) + 1))[docs]]
    values: Float32 = table[postings.norms[docs]]
    return values
