"""Lossy one-byte lengths, as Lucene's `SmallFloat.intToByte4` and `byte4ToInt` define them.

Lengths up to 39 are exact; above that four significant bits are kept, rounded down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def _long_to_int4(value: int) -> int:
    bits = value.bit_length()
    if bits < 4:
        return value
    shift = bits - 4
    return ((value >> shift) & 0x07) | ((shift + 1) << 3)


def _int4_to_long(code: int) -> int:
    bits, shift = code & 0x07, (code >> 3) - 1
    return bits if shift == -1 else (bits | 0x08) << shift


_MAX_INT4 = _long_to_int4(2**31 - 1)
_FREE = 255 - _MAX_INT4
"""Codes left over: that many lengths are stored as they are."""

LENGTHS: NDArray[np.int64] = np.array(
    [code if code < _FREE else _FREE + _int4_to_long(code - _FREE) for code in range(256)], dtype=np.int64
)
"""int64[256]: the length each stored byte stands for."""


def encode_lengths(lengths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The stored byte of each length: the largest code whose length is not above it."""
    return (np.searchsorted(LENGTHS, lengths, side="right") - 1).astype(np.uint8)
