"""What a test has been checked against: every parity test says exactly one thing.

    parity              the same on the pond and on Elasticsearch, seen on both
    pond_only(reason)   behaviour that only the pond has
    gap(reason)         Elasticsearch answers this and the pond does not yet: expected to fail on the pond, strictly
    real_only(reason)   needs what only a real node has

A module may give its tests a standing (`pytestmark`); a test's own one goes before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

STANDINGS = ("parity", "pond_only", "gap", "real_only")


def apply(items: Iterable[pytest.Item], *, real: bool) -> Counter[str]:
    """Checks that each test has one standing and turns it into skips and expected failures.

    Args:
        items: the collected tests that must carry a standing.
        real: whether they run on a real Elasticsearch.

    Returns:
        How many tests have each standing.

    Raises:
        pytest.UsageError: a test has none, several, or one without its reason.
    """
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for item in items:
        marks = _standings(item)
        if len(marks) != 1:
            wrong.append(f"{item.nodeid} has {[mark.name for mark in marks] or 'no standing'}")
            continue
        mark = marks[0]
        counts[mark.name] += 1
        if mark.name == "parity":
            continue
        reason = mark.args[0] if mark.args else mark.kwargs.get("reason")
        if not reason:
            wrong.append(f"{item.nodeid}: {mark.name} needs its reason")
        elif mark.name == "gap" and not real:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        elif (mark.name == "pond_only" and real) or (mark.name == "real_only" and not real):
            item.add_marker(pytest.mark.skip(reason=f"{mark.name}: {reason}"))
    if wrong:
        listed = "\n  ".join(wrong)
        raise pytest.UsageError(f"each test must carry exactly one of {', '.join(STANDINGS)}:\n  {listed}")
    return counts


def _standings(item: pytest.Item) -> list[pytest.Mark]:
    """The marks of the test itself, else those of its module."""
    own = [mark for mark in item.own_markers if mark.name in STANDINGS]
    return own or [mark for name in STANDINGS if (mark := item.get_closest_marker(name))]
