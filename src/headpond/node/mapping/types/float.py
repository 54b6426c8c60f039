"""`float`: 32-bit floating point."""

from __future__ import annotations

import numpy as np

from headpond.node.mapping.types._number import FloatType


class Float(FloatType):
    """32-bit floating point."""

    type = "float"

    def rounded(self, value: float) -> float:
        """The nearest 32-bit number."""
        with np.errstate(over="ignore"):
            return float(np.float32(value))
