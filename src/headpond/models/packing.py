"""Packs texts into batches by tokens, so that little padding is computed and memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BATCH_COST = 32
"""What starting a batch costs, in tokens computed meanwhile."""

FEW_BATCHES = 8
"""Batches a thread, from which on an uneven end no longer matters."""


def pack(lengths: Sequence[int], *, budget: int, largest: int) -> list[list[int]]:
    """Groups texts of similar length.

    Args:
        lengths: tokens of each text.
        budget: most tokens of a batch, padding included; a longer text has a batch of its own.
        largest: most texts of a batch.

    Returns:
        Batches of indices into `lengths`, longest texts first. Every index is in exactly one batch.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    batches: list[list[int]] = []
    room = 0
    for index in order:
        if not batches or len(batches[-1]) >= room:
            batches.append([])
            room = max(1, min(largest, budget // max(1, lengths[index])))
        batches[-1].append(index)
    return batches


def spread(lengths: Sequence[int], *, budget: int, largest: int, threads: int) -> list[list[int]]:
    """Packs texts so that all threads finish together; arguments and result as for `pack`.

    With few batches their number decides: three equal ones keep one of two threads idle for a third of the time. So
    several budgets up to `budget` are tried, and the one whose busiest thread has least to compute is taken.
    """
    plans = [pack(lengths, budget=budget, largest=largest)]
    if threads > 1 and len(plans[0]) < FEW_BATCHES * threads:
        smaller = (budget * eighths // 8 for eighths in range(1, 8))
        plans += [pack(lengths, budget=size, largest=largest) for size in smaller]
    return min(plans, key=lambda plan: _busiest(plan, lengths, threads))


def _busiest(batches: list[list[int]], lengths: Sequence[int], threads: int) -> int:
    """Tokens of the thread that has most to do, when each takes the next batch as soon as it is free."""
    loads = [0] * threads
    for batch in batches:
        free = loads.index(min(loads))
        loads[free] += BATCH_COST + len(batch) * max(lengths[index] for index in batch)
    return max(loads)


def padded(rows: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token ids as a rectangle, zeros to the right, int64 [rows, longest], and the lengths, int64 [rows]."""
    lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
    ids = np.zeros((len(rows), int(lengths.max(initial=0))), np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return ids, lengths
