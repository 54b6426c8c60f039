"""`long`: 64-bit integers."""

from __future__ import annotations

from headpond.node.mapping.types._number import WholeType


class Long(WholeType):
    """64-bit integers."""

    type = "long"
    bits = 64
    parsed_as = "long"
