"""One index as one search sees it."""

from __future__ import annotations

import copy
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.node.mapping.similarity import BM25, Similarity
from headpond.node.store.segment import Bool, Int32, Postings, Segment

if TYPE_CHECKING:
    from headpond.node.mapping.base import FieldType
    from headpond.node.mapping.mapping import Mapping
    from headpond.node.query.base import Query
    from headpond.node.store.index import Index


@dataclass(frozen=True, slots=True)
class Leaf:
    """One segment of a shard.

    Attributes:
        segment: its columns.
        live: bool[max_doc], the documents that are not deleted.
        base: documents in the segments before it, deleted and nested ones included; `base + ordinal` is what
            Lucene calls the doc id.
    """

    segment: Segment
    live: Bool
    base: int


@dataclass(frozen=True, slots=True)
class FieldStatistics:
    """What BM25 knows of a field: deleted documents count until their segment goes, as in Lucene.

    Attributes:
        doc_count: documents that have the field.
        total_terms: terms in all of them; distinct ones where frequencies do not count.
        counts: whether frequencies count (`index_options`).
        norms: whether lengths count (`norms`).
        similarity: the constants.
    """

    doc_count: int
    total_terms: int
    counts: bool = True
    norms: bool = True
    similarity: Similarity = BM25


class Shard:
    """A snapshot of an index with the statistics over all its segments.

    Args:
        index: the index.
        number: its place among the indices of the search, which breaks ties between equal scores.
        now: milliseconds since 1970 that `now` stands for, one value for the whole request.

    Attributes:
        leaves: the segments, oldest first.
        mapping: the fields.
        scope: nested path of the documents a query is about, "" for whole documents.
        size: hits the search asks for, the default of `k` in knn queries.
        alias_filter: what the alias that named the index lets through.
        boost: factor of all scores (`indices_boost`).
        deadline: when the search is to be over.
        left_out: whether it was over before this index was searched.
    """

    def __init__(self, index: Index, number: int, now: int, size: int = 10, deadline: Deadline | None = None) -> None:
        self.index = index
        self.number = number
        self.now = now
        self.scope = ""
        self.size = size
        self.mapping: Mapping = index.mapping
        reader = index.reader()
        leaves, base = [], 0
        for segment, live in zip(reader.segments, reader.live, strict=True):
            leaves.append(Leaf(segment, live, base))
            base += segment.max_doc
        self.leaves = tuple(leaves)
        self._bases = [leaf.base for leaf in leaves]
        self.alias_filter: Query | None = None
        self.boost = 1.0
        self.deadline = deadline
        self.left_out = False

    def limit(self, setting: str, default: int) -> int:
        """A number among the index's settings, named without `index.`."""
        return int(self.index.metadata.settings.get(f"index.{setting}", default))

    def late(self) -> bool:
        """Whether this index is left out because the time is over; the first of a search never is."""
        if self.number and self.deadline is not None and self.deadline.passed:
            self.left_out = True
        return self.left_out

    @cached_property
    def roots(self) -> list[Bool]:
        """For each segment bool[max_doc]: live documents that are not nested ones."""
        return [leaf.live & (leaf.segment.kinds == 0) for leaf in self.leaves]

    def leaf_number(self, doc: int) -> int:
        """Which segment holds a document, by its ordinal over all segments."""
        return bisect_right(self._bases, doc) - 1

    def inside(self, path: str) -> Shard:
        """The same shard for a query about nested objects."""
        shard = copy.copy(self)
        shard.scope = path
        return shard

    def field(self, path: str) -> FieldType | None:
        """The field of a full path, or None when it is not mapped."""
        return self.mapping.field(path)

    def postings(self, path: str) -> list[Postings | None]:
        """For each segment the inverted field, or None where no document has it."""
        return [leaf.segment.postings.get(path) for leaf in self.leaves]

    def statistics(self, path: str) -> FieldStatistics:
        """Statistics of an inverted field over all segments."""
        found = [postings for postings in self.postings(path) if postings is not None]
        field = self.field(path)
        is_text = field is not None and field.type == "text"
        counted = not (is_text and field is not None and field.option("index_options") == "docs")
        norms = not (is_text and field is not None and not field.option("norms"))
        total = sum(p.total_terms if counted else len(p.docs) for p in found)
        similarity = BM25 if field is None else field.bm25
        return FieldStatistics(sum(p.doc_count for p in found), total, counted, norms, similarity)

    def doc_freq(self, path: str, term: str) -> int:
        """Documents that hold the term, over all segments."""
        total = 0
        for postings in self.postings(path):
            row = postings.rows.get(term) if postings is not None else None
            if postings is not None and row is not None:
                total += int(postings.starts[row + 1] - postings.starts[row])
        return total

    def terms(self, path: str) -> set[str]:
        """All terms of an inverted field."""
        return {term for postings in self.postings(path) if postings is not None for term in postings.rows}

    def error(self, reason: str, *, caused_by: RestError | None = None) -> RestError:
        """A 400 `query_shard_exception` naming the index."""
        extra = {"index_uuid": self.index.uuid, "index": self.index.name}
        return RestError(400, "query_shard_exception", reason, caused_by=caused_by, extra=extra)

    def failed(self, cause: RestError) -> RestError:
        """What a query that does not suit the mapping answers: the cause inside `failed to create query`."""
        if cause.status != 400:
            return cause
        if cause.type == "query_shard_exception":
            return self.error(cause.reason, caused_by=cause.caused_by)
        return self.error(f"failed to create query: {cause.reason}", caused_by=cause)


def mask_of(docs: Int32, size: int) -> Bool:
    """bool[size] that is True at the given ordinals."""
    mask = np.zeros(size, np.bool_)
    mask[docs] = True
    return mask
