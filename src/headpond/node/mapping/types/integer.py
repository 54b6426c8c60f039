"""`integer`: 32-bit integers."""

from __future__ import annotations

from headpond.node.mapping.types._number import WholeType


class Integer(WholeType):
    """32-bit integers."""

    type = "integer"
    bits = 32
    parsed_as = "int"
