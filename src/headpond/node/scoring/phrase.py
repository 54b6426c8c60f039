"""Phrases: terms that stand near each other in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headpond.errors import RestError
from headpond.node.scoring import bm25
from headpond.node.scoring.match import Match
from headpond.node.search.shard import Shard
from headpond.node.store.segment import Float32, Int32, Int64, Postings

Slots = Sequence[tuple[int, Sequence[str]]]
"""A phrase: for each place its position and the terms that may stand there."""

_SPREAD = np.int64(1) << 32


def match_phrase(shard: Shard, path: str, slots: Slots, slop: int = 0) -> list[Match]:
    """Documents that hold the phrase, scored by BM25 with the phrase's frequency and the sum of the terms' idf.

    Args:
        shard: where to look.
        path: a field with positions.
        slots: the phrase.
        slop: how many places the terms may be moved; a looser match counts `1 / (1 + moves)`.

    Raises:
        RestError: 501, slop with a term that stands in the phrase more than once.
    """
    statistics = shard.statistics(path)
    terms = [term for _, alternatives in slots for term in alternatives]
    freqs = {term: shard.doc_freq(path, term) for term in terms}
    if slop and len(set(terms)) < len(terms):
        raise RestError(501, "not_implemented_exception", "[slop] with a repeated term is not implemented")
    found = []
    for leaf, postings in zip(shard.leaves, shard.postings(path), strict=True):
        match = Match(np.zeros(leaf.segment.max_doc, np.bool_), np.zeros(leaf.segment.max_doc, np.float32))
        if postings is not None and postings.positions is not None:
            docs, counts = _occurrences(postings, slots, slop)
            if len(docs):
                total = sum(float(bm25.idf(statistics.doc_count, freqs[term])) for term in terms if freqs[term])
                table = bm25.inverse_norms(statistics)
                weight = bm25.weight(np.float32(total), statistics.similarity)
                match.mask[docs] = True
                match.scores[docs] = bm25.score(weight, counts, bm25.entry_norms(postings, statistics, docs, table))
        found.append(match)
    return found


def _occurrences(postings: Postings, slots: Slots, slop: int) -> tuple[Int32, Float32]:
    """Documents with the phrase, int32[n], and how often it stands in each, float32[n]."""
    keys = [_keys(postings, position, terms) for position, terms in slots]
    if slop:
        return _sloppy(keys, slop)
    common = keys[0]
    for other in keys[1:]:
        common = np.intersect1d(common, other, assume_unique=True)
    docs, counts = np.unique(common // _SPREAD, return_counts=True)
    return docs.astype(np.int32), counts.astype(np.float32)


def _keys(postings: Postings, shift: int, terms: Sequence[str]) -> Int64:
    """Ascending int64[n]: `doc * 2^32 + where the phrase would begin + 2^31`, for each place of any of the terms."""
    parts = [np.zeros(0, np.int64)]
    for term in terms:
        row = postings.rows.get(term)
        if row is None or postings.positions is None or postings.position_starts is None:
            continue
        first, end = int(postings.starts[row]), int(postings.starts[row + 1])
        bounds = postings.position_starts[first : end + 1]
        docs = np.repeat(postings.docs[first:end].astype(np.int64), np.diff(bounds))
        places = postings.positions[bounds[0] : bounds[-1]].astype(np.int64)
        parts.append(docs * _SPREAD + places - shift + (_SPREAD >> 1))
    return parts[1] if len(parts) == 2 else np.unique(np.concatenate(parts))


def _sloppy(keys: list[Int64], slop: int) -> tuple[Int32, Float32]:
    owners = [np.unique(key // _SPREAD) for key in keys]
    common = owners[0]
    for other in owners[1:]:
        common = np.intersect1d(common, other, assume_unique=True)
    places = [(key % _SPREAD).tolist() for key in keys]
    starts = [np.searchsorted(key, common * _SPREAD).tolist() for key in keys]
    ends = [np.searchsorted(key, (common + 1) * _SPREAD).tolist() for key in keys]
    freqs = np.zeros(len(common), np.float32)
    for row in range(len(common)):
        bounds = zip(places, starts, ends, strict=True)
        freqs[row] = sloppy_freq([term[first[row] : last[row]] for term, first, last in bounds], slop)
    return common[freqs > 0].astype(np.int32), freqs[freqs > 0]


def sloppy_freq(lists: Sequence[list[int]], slop: int) -> float:
    """The sum of `1 / (1 + moves)` over the matches of a phrase in one document.

    The terms' cursors advance as in Lucene's SloppyPhraseMatcher: the one furthest behind moves on until it passes the
    next; the distance from it to the one furthest ahead is the number of moves.

    Args:
        lists: for each term its places, ascending, less the term's own place in the phrase.
        slop: the most moves allowed.
    """
    at = [0] * len(lists)
    here = [places[0] for places in lists]
    end = max(here)
    freq = 0.0
    while True:
        last = min(range(len(here)), key=here.__getitem__)
        limit = min(place for order, place in enumerate(here) if order != last)
        moves, places, passed = end - here[last], lists[last], False
        while at[last] + 1 < len(places):
            at[last] += 1
            here[last] = places[at[last]]
            end = max(end, here[last])
            if here[last] > limit:
                passed = True
                break
            moves = min(moves, end - here[last])
        if moves <= slop:
            freq += 1 / (1 + moves)
        if not passed:
            return freq
