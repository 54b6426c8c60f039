"""How many optional clauses have to match."""

from __future__ import annotations

import re

from headpond.node.search.json import not_a_number

_CONDITION = re.compile(r"\s*<\s*")


def minimum_should_match(spec: str | None, clauses: int) -> int:
    """The number that `minimum_should_match` stands for, 0 when there is no spec.

    Notations: `2`, `-1` (all but one), `75%`, `-25%`, `3<90%` (above 3 clauses 90%), `2<-25% 9<-3`.

    Args:
        spec: the value, as text.
        clauses: how many optional clauses there are.

    Raises:
        RestError: 400, the spec is none of these.
    """
    if spec is None:
        return 0
    spec = spec.strip()
    if "<" in spec:
        return _conditional(spec, clauses)
    if spec.endswith("%"):
        percent = _integer(spec[:-1])
        share = int(clauses * percent / 100)
        return max(clauses + share if percent < 0 else share, 0)
    number = _integer(spec)
    return max(clauses + number if number < 0 else number, 0)


def _conditional(spec: str, clauses: int) -> int:
    needed = clauses
    for condition in _CONDITION.sub("<", spec).split():
        bound, _, above = condition.partition("<")
        if clauses <= _integer(bound):
            return needed
        needed = minimum_should_match(above, clauses)
    return needed


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise not_a_number(text) from None
