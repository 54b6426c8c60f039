"""Turns documents into a segment: what a refresh does."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headpond.node.store.feature_weight import quantised
from headpond.node.store.segment import Column, Int32, Int64, Postings, Segment, Vectors, Weights
from headpond.node.store.sink import EVERYTHING, Fields, FieldSink, Text, Vector
from headpond.node.store.small_float import encode_lengths

__all__ = ["FieldSink", "SegmentBuilder"]


class SegmentBuilder:
    """Collects documents in the order in which they were written; `build` makes the segment.

    Attributes:
        count: documents so far, nested ones included.
    """

    def __init__(self) -> None:
        self.count = 0
        self._ids: list[str] = []
        self._seq_nos = array("q")
        self._roots = array("i")
        self._offsets = array("i")
        self._kinds = array("h")
        self._paths: dict[str, int] = {"": 0}
        self._text: dict[str, _TextTerms] = defaultdict(_TextTerms)
        self._terms: dict[str, _ExactTerms] = defaultdict(_ExactTerms)
        self._ordinals: dict[str, _ExactTerms] = defaultdict(_ExactTerms)
        self._numbers: dict[str, _Numbers] = {}
        self._dense: dict[str, _Dense] = defaultdict(_Dense)
        self._sparse: dict[str, _Sparse] = defaultdict(_Sparse)
        self._present: dict[str, array[int]] = defaultdict(lambda: array("i"))

    def add(self, id: str, seq_no: int, documents: Sequence[Fields]) -> None:
        """Adds one document.

        Args:
            id: its `_id`.
            seq_no: its `_seq_no`.
            documents: nested ones first, root last, as `FieldSink.finish` gives them.
        """
        root = self.count + len(documents) - 1
        for fields in documents:
            self._ids.append(id)
            self._seq_nos.append(seq_no)
            self._roots.append(root)
            self._offsets.append(fields.offset)
            self._kinds.append(self._paths.setdefault(fields.path, len(self._paths)))
            self._add_fields(self.count, fields)
            self.count += 1

    def _add_fields(self, doc: int, fields: Fields) -> None:
        for path, text in fields.text.items():
            self._text[path].add(doc, text)
        for path, terms in fields.terms.items():
            self._terms[path].add(doc, terms)
        for path, values in fields.ordinals.items():
            self._ordinals[path].add(doc, values)
        for path, numbers in fields.numbers.items():
            if path not in self._numbers:
                self._numbers[path] = _Numbers(isinstance(numbers[0], int))
            self._numbers[path].add(doc, numbers)
        for path, (vector, magnitude) in fields.dense.items():
            self._dense[path].add(doc, vector, magnitude)
        for path, weights in fields.sparse.items():
            self._sparse[path].add(doc, weights)
        for path in fields.present:
            self._present[path].append(doc)

    def build(self) -> Segment:
        """The segment of all documents added."""
        max_doc = self.count
        postings = {path: text.build(max_doc) for path, text in self._text.items()}
        postings |= {path: terms.postings() for path, terms in self._terms.items()}
        columns = {path: values.column(max_doc) for path, values in self._ordinals.items()}
        columns |= {path: numbers.column(max_doc) for path, numbers in self._numbers.items()}
        return Segment(
            max_doc=max_doc,
            ids=self._ids,
            seq_nos=np.array(self._seq_nos, np.int64),
            roots=np.array(self._roots, np.int32),
            paths=list(self._paths),
            kinds=np.array(self._kinds, np.int16),
            offsets=np.array(self._offsets, np.int32),
            postings=postings,
            columns=columns,
            dense={path: dense.build() for path, dense in self._dense.items()},
            sparse={path: sparse.build() for path, sparse in self._sparse.items()},
            present=with_objects({path: np.array(docs, np.int32) for path, docs in self._present.items()}),
        )


class _TextTerms:
    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = defaultdict(count().__next__)
        self._terms = array("i")
        self._positions = array("i")
        self._docs = array("i")
        self._counts = array("i")
        self._kept = EVERYTHING

    def add(self, doc: int, text: Text) -> None:
        self._kept = text.kept
        self._terms.extend(map(self._vocabulary.__getitem__, text.terms))
        self._positions.extend(text.positions)
        self._docs.append(doc)
        self._counts.append(len(text.terms))

    def build(self, max_doc: int) -> Postings:
        rows, ranks = sorted_rows(self._vocabulary)
        docs = np.array(self._docs, np.int32)
        counts = np.array(self._counts, np.int64)
        lengths = np.zeros(max_doc, np.int64)
        lengths[docs] = counts
        terms = ranks[np.array(self._terms, np.int32)]
        order = np.argsort(terms, kind="stable")
        terms, owners = terms[order], np.repeat(docs, counts)[order]
        first = np.ones(len(terms), np.bool_)
        first[1:] = (terms[1:] != terms[:-1]) | (owners[1:] != owners[:-1])
        entries = np.flatnonzero(first)
        position_starts = np.append(entries, len(terms)).astype(np.int64)
        freqs = np.diff(position_starts) if self._kept.freqs else np.ones(len(entries))
        return Postings(
            rows=rows,
            starts=row_starts(terms[entries], len(rows)),
            docs=owners[entries],
            freqs=freqs.astype(np.int32),
            position_starts=position_starts if self._kept.positions else None,
            positions=np.array(self._positions, np.int32)[order] if self._kept.positions else None,
            norms=encode_lengths(lengths) if self._kept.norms else None,
            doc_count=int(np.count_nonzero(counts)),
            total_terms=int(freqs.sum()),
        )


class _ExactTerms:
    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = defaultdict(count().__next__)
        self._terms = array("i")
        self._docs = array("i")

    def add(self, doc: int, values: Iterable[str]) -> None:
        for value in dict.fromkeys(values):
            self._terms.append(self._vocabulary[value])
            self._docs.append(doc)

    def postings(self) -> Postings:
        rows, ranks = sorted_rows(self._vocabulary)
        terms, docs = ranks[np.array(self._terms, np.int32)], np.array(self._docs, np.int32)
        order = np.argsort(terms, kind="stable")
        return Postings(
            rows=rows,
            starts=row_starts(terms[order], len(rows)),
            docs=docs[order],
            freqs=np.ones(len(docs), np.int32),
            position_starts=None,
            positions=None,
            norms=None,
            doc_count=len(np.unique(docs)),
            total_terms=len(docs),
        )

    def column(self, max_doc: int) -> Column:
        rows, ranks = sorted_rows(self._vocabulary)
        values, docs = ranks[np.array(self._terms, np.int32)], np.array(self._docs, np.int32)
        order = np.lexsort((values, docs))
        return Column(row_starts(docs[order], max_doc), values[order], list(rows))


class _Numbers:
    def __init__(self, whole: bool) -> None:
        self._values: array[int] | array[float] = array("q") if whole else array("d")
        self._dtype = np.int64 if whole else np.float64
        self._docs = array("i")

    def add(self, doc: int, values: Sequence[float] | Sequence[int]) -> None:
        self._values.extend(values)  # type: ignore[arg-type]
        self._docs.extend([doc] * len(values))

    def column(self, max_doc: int) -> Column:
        values: NDArray[Any] = np.array(self._values, self._dtype)
        docs = np.array(self._docs, np.int32)
        order = np.lexsort((values, docs))
        return Column(row_starts(docs[order], max_doc), values[order], None)


class _Dense:
    def __init__(self) -> None:
        self._docs = array("i")
        self._vectors: list[Vector] = []
        self._magnitudes = array("f")

    def add(self, doc: int, vector: Vector, magnitude: float) -> None:
        self._docs.append(doc)
        self._vectors.append(vector)
        self._magnitudes.append(magnitude)

    def build(self) -> Vectors:
        matrix: NDArray[Any] = np.stack(self._vectors)
        return Vectors(np.array(self._docs, np.int32), matrix, np.array(self._magnitudes, np.float32))


class _Sparse:
    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = defaultdict(count().__next__)
        self._tokens = array("i")
        self._weights = array("f")
        self._docs = array("i")
        self._counts = array("i")

    def add(self, doc: int, weights: dict[str, float]) -> None:
        self._tokens.extend(map(self._vocabulary.__getitem__, weights))
        self._weights.extend(weights.values())
        self._docs.append(doc)
        self._counts.append(len(weights))

    def build(self) -> Weights:
        rows, ranks = sorted_rows(self._vocabulary)
        tokens = ranks[np.array(self._tokens, np.int32)]
        order = np.argsort(tokens, kind="stable")
        docs = np.repeat(np.array(self._docs, np.int32), np.array(self._counts, np.int64))
        weights = quantised(np.array(self._weights, np.float32))
        return Weights(
            rows, row_starts(tokens[order], len(rows)), docs[order], weights[order], int(np.count_nonzero(self._counts))
        )


def sorted_rows(vocabulary: dict[str, int]) -> tuple[dict[str, int], Int32]:
    """Rows in the order of the terms, and int32[n] that leads from a term's first number to its row."""
    rows = {term: row for row, term in enumerate(sorted(vocabulary))}
    ranks = np.empty(len(vocabulary), np.int32)
    ranks[np.fromiter((vocabulary[term] for term in rows), np.int64, len(rows))] = np.arange(len(rows))
    return rows, ranks


def row_starts(rows: Int32, count: int) -> Int64:
    """int64[count + 1]: where each row's entries begin in an array sorted by row."""
    return np.searchsorted(rows, np.arange(count + 1)).astype(np.int64)


def with_objects(present: dict[str, Int32]) -> dict[str, Int32]:
    """Adds to every object the documents of its fields."""
    below: dict[str, list[Int32]] = defaultdict(list)
    for path, docs in present.items():
        parts = path.split(".")
        for depth in range(1, len(parts)):
            below[".".join(parts[:depth])].append(docs)
    for path, found in below.items():
        own = [present[path]] if path in present else []
        present[path] = np.unique(np.concatenate([*found, *own])).astype(np.int32)
    return present
