"""Packs texts into batches by tokens, so that little padding is computed and memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


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


def padded(rows: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Token ids as a rectangle, zeros to the right, int64 [rows, longest], and the lengths, int64 [rows]."""
    lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
    ids = np.zeros((len(rows), int(lengths.max(initial=0))), np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return ids, lengths
