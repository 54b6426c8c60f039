"""`short`: 16-bit integers."""

from __future__ import annotations

from headpond.node.mapping.types._number import WholeType


class Short(WholeType):
    """16-bit integers."""

    type = "short"
    bits = 16
    parsed_as = "Java short"
