"""What a search sees: immutable columns of numpy arrays.

A refresh turns the documents written since the last one into a new segment; a segment never changes afterwards, only
the
set of its live documents does. Inside a segment documents have ordinals 0..max_doc-1. A nested object is a document
of its
own that stands before its root, as in Lucene.

Array shapes are written `dtype[length]`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Postings:
    """An inverted field: for each term the documents that hold it.

    Attributes:
        rows: term -> row, in the order of the terms (which is that of their UTF-8 bytes).
        starts: int64[rows + 1], where a row's entries begin in `docs` and `freqs`.
        docs: int32[entries], ascending inside a row.
        freqs: int32[entries], how often the term stands in the document.
        position_starts: int64[entries + 1], where an entry's positions begin; None for fields without positions.
        positions: int32[sum of freqs], ascending inside an entry; None for fields without positions.
        norms: uint8[max_doc], the length in terms as Lucene's SmallFloat.intToByte4 stores it; None where norms are
            omitted.
        doc_count: documents that have the field.
        total_terms: sum of all frequencies (Lucene's sumTotalTermFreq).
    """

    rows: dict[str, int]
    starts: Int64
    docs: Int32
    freqs: Int32
    position_starts: Int64 | None
    positions: Int32 | None
    norms: NDArray[np.uint8] | None
    doc_count: int
    total_terms: int


@dataclass(frozen=True, slots=True)
class Column:
    """Doc values of one field, for sorting, ranges and exact filters.

    Attributes:
        starts: int64[max_doc + 1], where a document's values begin; a document without the field has none.
        values: float64[n], int64[n] (long, date in milliseconds, boolean as 0 and 1) or int32[n] (ordinals of
            `dictionary`);
            ascending inside a document.
        dictionary: the sorted distinct strings of a keyword field, None for numbers.
    """

    starts: Int64
    values: NDArray[np.float64] | Int64 | Int32
    dictionary: list[str] | None


@dataclass(frozen=True, slots=True)
class Vectors:
    """A dense_vector field.

    Attributes:
        docs: int32[n], the documents that have a vector, ascending.
        matrix: float32[n, dims] as sent (not normalised), or int8[n, dims] for element type byte and bit.
        magnitudes: float32[n], Euclidean lengths.
    """

    docs: Int32
    matrix: NDArray[np.float32] | NDArray[np.int8]
    magnitudes: Float32


@dataclass(frozen=True, slots=True)
class Weights:
    """A sparse_vector field: for each token the documents that hold it and its weight there.

    Attributes:
        rows: token -> row.
        starts: int64[rows + 1].
        docs: int32[entries], ascending inside a row.
        weights: float32[entries], as Lucene's FeatureField stores them (a float32 whose lower 15 bits are zero).
        doc_count: documents that have the field.
    """

    rows: dict[str, int]
    starts: Int64
    docs: Int32
    weights: Float32
    doc_count: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents that became searchable together.

    Attributes:
        max_doc: how many documents, nested ones included.
        ids: `_id` of each document; a nested one has its root's.
        seq_nos: int64[max_doc], `_seq_no` of each document; a nested one has its root's.
        roots: int32[max_doc], ordinal of the root document; a root's is its own.
        paths: the nested path of each kind of nested document; index 0 is the root itself and is "".
        kinds: int16[max_doc], index into `paths`.
        offsets: int32[max_doc], position of a nested object in its array; 0 for roots.
        postings: inverted fields by full path: text, keyword, boolean.
        columns: doc values by full path: keyword, numbers, dates, booleans; besides fields `_ignored` (the fields
            of which a value was not indexed) and `_routing`.
        dense: dense_vector fields by full path.
        sparse: sparse_vector fields by full path.
        present: int32[n] by full path, the documents that have a value, for `exists`; objects have the union of
            their fields.
    """

    max_doc: int
    ids: list[str]
    seq_nos: Int64
    roots: Int32
    paths: list[str]
    kinds: NDArray[np.int16]
    offsets: Int32
    postings: dict[str, Postings] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    dense: dict[str, Vectors] = field(default_factory=dict)
    sparse: dict[str, Weights] = field(default_factory=dict)
    present: dict[str, Int32] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """A snapshot of an index: what one search sees, whatever is written meanwhile.

    Attributes:
        segments: oldest first.
        live: bool[max_doc] for each segment; a deleted or replaced document (with its nested ones) is False.
    """

    segments: tuple[Segment, ...]
    live: tuple[Bool, ...]
