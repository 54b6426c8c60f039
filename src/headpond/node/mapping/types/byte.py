"""`byte`: 8-bit integers."""

from __future__ import annotations

from headpond.node.mapping.types._number import WholeType


class Byte(WholeType):
    """8-bit integers."""

    type = "byte"
    bits = 8
