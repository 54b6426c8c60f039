"""Joins segments into one and leaves deleted documents behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from headpond.node.store.builder import row_starts, with_objects
from headpond.node.store.segment import Bool, Column, Int32, Int64, Postings, Segment, Vectors, Weights

Field = TypeVar("Field", Postings, Column, Vectors, Weights, Int32)
"""One field of a segment."""

SEGMENTS_PER_TIER = 10
SMALLEST_TIER = 1000
"""Segments with fewer documents count as this large, as Lucene's floor segment size does."""


def plan(sizes: Sequence[int], dead: Sequence[int]) -> tuple[int, int] | None:
    """Which neighbours to merge: `[first, last)`, or None when all is well.

    Args:
        sizes: documents of each segment, oldest first.
        dead: how many of them are deleted.
    """
    for position, (size, gone) in enumerate(zip(sizes, dead, strict=True)):
        if gone * 2 > size:
            return position, position + 1
    tiers = [int(np.log10(max(size - gone, SMALLEST_TIER))) for size, gone in zip(sizes, dead, strict=True)]
    first = len(tiers)
    while first and tiers[first - 1] <= tiers[-1]:
        first -= 1
    return (first, len(tiers)) if len(tiers) - first >= SEGMENTS_PER_TIER else None


def merge_segments(segments: Sequence[Segment], live: Sequence[Bool]) -> Segment:
    """One segment of the live documents, in the same order."""
    maps, size = _doc_maps(live)
    paths = list(dict.fromkeys(path for segment in segments for path in segment.paths))
    numbers = {path: number for number, path in enumerate(paths)}
    kinds = [np.array([numbers[path] for path in segment.paths], np.int16)[segment.kinds] for segment in segments]
    return Segment(
        max_doc=size,
        ids=[
            id
            for segment, alive in zip(segments, live, strict=True)
            for id, kept in zip(segment.ids, alive.tolist(), strict=True)
            if kept
        ],
        seq_nos=_kept([segment.seq_nos for segment in segments], live),
        roots=np.concatenate(
            [docs[segment.roots][alive] for segment, docs, alive in zip(segments, maps, live, strict=True)]
        ),
        paths=paths,
        kinds=_kept(kinds, live),
        offsets=_kept([segment.offsets for segment in segments], live),
        postings=_by_field(segments, maps, lambda segment: segment.postings, lambda found: _postings(found, size)),
        columns=_by_field(segments, maps, lambda segment: segment.columns, lambda found: _column(found, size)),
        dense=_by_field(segments, maps, lambda segment: segment.dense, _vectors),
        sparse=_by_field(segments, maps, lambda segment: segment.sparse, _weights),
        present=with_objects(_by_field(segments, maps, lambda segment: segment.present, _present)),
    )


def _doc_maps(live: Sequence[Bool]) -> tuple[list[Int32], int]:
    """For each segment int32[max_doc]: the new ordinal, -1 for deleted documents; and how many are left."""
    maps, base = [], 0
    for alive in live:
        count = int(alive.sum())
        docs = np.full(len(alive), -1, np.int32)
        docs[alive] = np.arange(base, base + count, dtype=np.int32)
        maps.append(docs)
        base += count
    return maps, base


def _kept(arrays: Sequence[NDArray[Any]], live: Sequence[Bool]) -> NDArray[Any]:
    return np.concatenate([array[alive] for array, alive in zip(arrays, live, strict=True)])


def _by_field(
    segments: Sequence[Segment],
    maps: Sequence[Int32],
    fields_of: Callable[[Segment], dict[str, Field]],
    join: Callable[[list[tuple[Field, Int32]]], Field | None],
) -> dict[str, Field]:
    """Joins each field of all segments; fields that no live document has are left out."""
    found: dict[str, list[tuple[Field, Int32]]] = {}
    for segment, docs in zip(segments, maps, strict=True):
        for path, field in fields_of(segment).items():
            found.setdefault(path, []).append((field, docs))
    merged = ((path, join(parts)) for path, parts in found.items())
    return {path: field for path, field in merged if field is not None}


def _union(vocabularies: Sequence[dict[str, int]]) -> tuple[dict[str, int], list[Int32]]:
    """The rows of all vocabularies together, and for each what its rows become."""
    terms = sorted(set().union(*vocabularies))
    rows = {term: row for row, term in enumerate(terms)}
    return rows, [np.array([rows[term] for term in known], np.int32) for known in vocabularies]


def _postings(parts: list[tuple[Postings, Int32]], size: int) -> Postings | None:
    rows, row_maps = _union([postings.rows for postings, _ in parts])
    terms, docs, freqs, positions = [], [], [], []
    norms = np.zeros(size, np.uint8)
    for (postings, doc_map), row_map in zip(parts, row_maps, strict=True):
        new_docs = doc_map[postings.docs]
        kept = new_docs >= 0
        terms.append(np.repeat(row_map, np.diff(postings.starts))[kept])
        docs.append(new_docs[kept])
        freqs.append(postings.freqs[kept])
        if postings.positions is not None:
            positions.append(postings.positions[np.repeat(kept, postings.freqs)])
        if postings.norms is not None:
            alive = doc_map >= 0
            norms[doc_map[alive]] = postings.norms[alive]
    term, doc, freq = np.concatenate(terms), np.concatenate(docs), np.concatenate(freqs)
    if not len(term):
        return None
    rows, term = _used(rows, term)
    order = np.argsort(term, kind="stable")
    position_starts = flat = None
    if len(positions) == len(parts):
        starts = np.concatenate([[0], np.cumsum(freq, dtype=np.int64)])
        position_starts = np.concatenate([[0], np.cumsum(freq[order], dtype=np.int64)])
        flat = np.concatenate(positions)[_ragged(starts, order, freq[order])]
    return Postings(
        rows=rows,
        starts=row_starts(term[order], len(rows)),
        docs=doc[order],
        freqs=freq[order],
        position_starts=position_starts,
        positions=flat,
        norms=norms if all(postings.norms is not None for postings, _ in parts) else None,
        doc_count=len(np.unique(doc)),
        total_terms=int(freq.sum()),
    )


def _used(rows: dict[str, int], term: Int32) -> tuple[dict[str, int], Int32]:
    """Drops rows that no live document holds."""
    used = np.zeros(len(rows), np.bool_)
    used[term] = True
    if used.all():
        return rows, term
    renumbered = (np.cumsum(used) - 1).astype(np.int32)
    kept = [name for name, is_used in zip(rows, used.tolist(), strict=True) if is_used]
    return {name: row for row, name in enumerate(kept)}, renumbered[term]


def _ragged(starts: Int64, order: Int64, lengths: Int32) -> Int64:
    """Indexes that bring runs of different lengths into another order."""
    begins = starts[order]
    shift = np.repeat(begins - np.concatenate([[0], np.cumsum(lengths[:-1], dtype=np.int64)]), lengths)
    indexes: Int64 = np.arange(int(lengths.sum())) + shift
    return indexes


def _column(parts: list[tuple[Column, Int32]], size: int) -> Column | None:
    dictionaries = [column.dictionary for column, _ in parts if column.dictionary is not None]
    rows: dict[str, int] = {}
    row_maps: list[Int32] = []
    if dictionaries:
        rows, row_maps = _union([{text: n for n, text in enumerate(known)} for known in dictionaries])
    values, owners = [], []
    for number, (column, doc_map) in enumerate(parts):
        owner = np.repeat(doc_map, np.diff(column.starts))
        kept = owner >= 0
        found = row_maps[number][column.values] if dictionaries else column.values
        values.append(found[kept])
        owners.append(owner[kept])
    value, docs = np.concatenate(values), np.concatenate(owners)
    if not len(value):
        return None
    if dictionaries:
        rows, value = _used(rows, value)
    return Column(row_starts(docs, size), value, list(rows) if dictionaries else None)


def _vectors(parts: list[tuple[Vectors, Int32]]) -> Vectors | None:
    docs, matrices, magnitudes = [], [], []
    for vectors, doc_map in parts:
        new_docs = doc_map[vectors.docs]
        kept = new_docs >= 0
        docs.append(new_docs[kept])
        matrices.append(vectors.matrix if kept.all() else vectors.matrix[kept])
        magnitudes.append(vectors.magnitudes[kept])
    doc = np.concatenate(docs)
    matrix: NDArray[Any] = np.concatenate(matrices)
    return Vectors(doc, matrix, np.concatenate(magnitudes)) if len(doc) else None


def _weights(parts: list[tuple[Weights, Int32]]) -> Weights | None:
    rows, row_maps = _union([weights.rows for weights, _ in parts])
    tokens, docs, values = [], [], []
    for (weights, doc_map), row_map in zip(parts, row_maps, strict=True):
        new_docs = doc_map[weights.docs]
        kept = new_docs >= 0
        tokens.append(np.repeat(row_map, np.diff(weights.starts))[kept])
        docs.append(new_docs[kept])
        values.append(weights.weights[kept])
    token, doc, value = np.concatenate(tokens), np.concatenate(docs), np.concatenate(values)
    if not len(token):
        return None
    rows, token = _used(rows, token)
    order = np.argsort(token, kind="stable")
    return Weights(rows, row_starts(token[order], len(rows)), doc[order], value[order], len(np.unique(doc)))


def _present(parts: list[tuple[Int32, Int32]]) -> Int32 | None:
    docs = np.concatenate([doc_map[found] for found, doc_map in parts])
    docs = docs[docs >= 0]
    return docs if len(docs) else None
