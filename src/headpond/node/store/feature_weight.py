"""Weights of sparse vectors as Lucene's FeatureField keeps them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def quantised(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[n] with the lower 15 bits zero: Lucene stores a weight as a term frequency of 17 bits."""
    return ((weights.view(np.int32) >> 15) << 15).view(np.float32)
