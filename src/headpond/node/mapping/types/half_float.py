"""`half_float`: 16-bit floating point."""

from __future__ import annotations

import numpy as np

from headpond.node.mapping.types._number import FloatType


class HalfFloat(FloatType):
    """16-bit floating point."""

    type = "half_float"

    def rounded(self, value: float) -> float:
        """The nearest 16-bit number."""
        with np.errstate(over="ignore"):
            return float(np.float16(value))

    def unbounded(self, value: float) -> str:
        """The value as a 32-bit number, which is what Elasticsearch reads first."""
        return repr(value) if abs(value) < 3.4e38 else super().unbounded(value)
