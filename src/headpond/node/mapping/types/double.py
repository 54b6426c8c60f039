"""`double`: 64-bit floating point."""

from __future__ import annotations

from headpond.node.mapping.types._number import FloatType


class Double(FloatType):
    """64-bit floating point."""

    type = "double"
