from __future__ import annotations

import pytest

from headpond.stages.response.base import Results
from headpond.stages.response.truncate_hits import TruncateHits, TruncateHitsSpec
from tests.stages.hits import Endpoints, found, ids, run


@pytest.mark.parametrize(("size", "left"), [(2, ["0", "1"]), (0, []), (9, ["0", "1", "2"])])
def test_the_first_hits_are_kept(size: int, left: list[str]) -> None:
    assert ids(run(TruncateHits, found({}, {}, {}), target_size=size)) == left


def test_without_a_size_the_page_is_kept() -> None:
    results = Results(found({}, {}, {}, {}), None, Endpoints(), size=3)
    TruncateHits(TruncateHitsSpec(context_prefix="mine"), "truncate_hits").process(results)
    assert ids(results) == ["0", "1", "2"]


def test_a_size_is_not_below_zero() -> None:
    with pytest.raises(ValueError, match="target_size"):
        TruncateHitsSpec(target_size=-1)
