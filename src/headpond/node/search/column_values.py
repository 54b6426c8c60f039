"""One value for each document out of a column that may hold several."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headpond.node.search.sort import Mode
from headpond.node.store.segment import Bool, Column, Int64, Segment


def chosen_values(column: Column, docs: Int64, mode: Mode) -> tuple[NDArray[Any], Bool]:
    """The value the mode chooses, and whether there is one.

    Args:
        column: values ascending inside a document.
        docs: int64[n], ordinals.
        mode: `min`, `max`, `median`, `sum` or `avg`; whole numbers are rounded half up, as Java's `Math.round` does.

    Returns:
        values[n] of the column's dtype (any value where there is none), bool[n].
    """
    starts, ends = column.starts[docs], column.starts[docs + 1]
    has: Bool = ends > starts
    if not len(column.values):
        return np.zeros(len(docs), column.values.dtype), has
    starts, counts = np.where(has, starts, 0), np.where(has, ends - starts, 1)
    if mode == "min":
        return column.values[starts], has
    if mode == "max":
        return column.values[starts + counts - 1], has
    if mode == "median":
        low, high = column.values[starts + (counts - 1) // 2], column.values[starts + counts // 2]
        return _rounded((low.astype(np.float64) + high) / 2, column), has
    total = _sums(column.values, starts, counts)
    return (total if mode == "sum" else _rounded(total / counts, column)), has


def of_roots(segment: Segment, column: Column, children: Bool) -> Column:
    """The column as if the values of some nested objects were those of their root documents.

    Args:
        segment: the segment.
        column: of a field of the nested objects.
        children: bool[max_doc], the objects that count.
    """
    docs = np.flatnonzero(children)
    counts = column.starts[docs + 1] - column.starts[docs]
    owners = np.repeat(segment.roots[docs], counts)
    first = np.repeat(column.starts[docs] - np.concatenate([[0], np.cumsum(counts)[:-1]])[: len(docs)], counts)
    values = column.values[first + np.arange(len(owners))]
    order = np.lexsort((values, owners))
    starts = np.searchsorted(owners[order], np.arange(segment.max_doc + 1)).astype(np.int64)
    return Column(starts, values[order], column.dictionary)


def _sums(values: NDArray[Any], starts: Int64, counts: Int64) -> NDArray[Any]:
    """The sum of each run of values, added up one after the other as Lucene does."""
    total = values[starts].copy()
    for step in range(1, int(counts.max(initial=1))):
        longer = counts > step
        total[longer] += values[starts[longer] + step]
    return total


def _rounded(values: NDArray[np.float64], column: Column) -> NDArray[Any]:
    return np.floor(values + 0.5).astype(np.int64) if column.values.dtype.kind == "i" else values
