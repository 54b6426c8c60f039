"""Matching numbers and dates in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from headpond.node.search.shard import Shard
from headpond.node.store.segment import Bool, Column


def match_numbers(shard: Shard, path: str, numbers: Sequence[float | int]) -> list[Bool]:
    """For each segment bool[max_doc], the documents with any of the numbers in the field."""
    return match_column(shard, path, lambda column: np.isin(column.values, np.array(numbers)))


def match_between(
    shard: Shard,
    path: str,
    low: float | int | None,
    high: float | int | None,
    *,
    include_low: bool = True,
    include_high: bool = True,
) -> list[Bool]:
    """For each segment bool[max_doc], the documents with a number between the bounds; None means no bound."""

    def inside(column: Column) -> Bool:
        found = np.ones(len(column.values), np.bool_)
        if low is not None:
            found &= column.values >= low if include_low else column.values > low
        if high is not None:
            found &= column.values <= high if include_high else column.values < high
        return found

    return match_column(shard, path, inside)


def match_column(shard: Shard, path: str, test: Callable[[Column], Bool]) -> list[Bool]:
    """For each segment bool[max_doc], the documents with a value that passes; the test gets all values at once."""
    masks = []
    for leaf in shard.leaves:
        mask = np.zeros(leaf.segment.max_doc, np.bool_)
        column = leaf.segment.columns.get(path)
        if column is not None:
            values = np.flatnonzero(test(column))
            mask[np.searchsorted(column.starts, values, side="right") - 1] = True
        masks.append(mask)
    return masks
