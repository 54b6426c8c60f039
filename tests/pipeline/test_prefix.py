from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headpond.pipeline.state.prefix import NOTHING, Place, Prefix, Settled

ENDS: list[dict[str, int]] = [{"indexed": 1}, {"unchanged": 1}, {"unchanged": 1, "dropped": 1}, {"dead_lettered": 1}]


@given(st.permutations(range(12)), st.lists(st.sampled_from(ENDS), min_size=12, max_size=12), st.integers(0, 5))
def test_only_a_stretch_without_a_gap_counts(order: list[int], ends: list[dict[str, int]], earlier: int) -> None:
    start = Settled({"indexed": earlier}, Place(0, earlier)) if earlier else NOTHING
    prefix = Prefix(start)
    numbers = [prefix.enter(Place(0, earlier + place + 1, {"at": place})) for place in range(12)]
    assert numbers == list(range(earlier, earlier + 12))
    done: set[int] = set()
    for place in order:
        prefix.settle([numbers[place]], ends[place])
        done.add(place)
        whole = next((n for n in range(12) if n not in done), 12)
        settled = prefix.settled()
        assert settled.records == earlier + whole
        assert settled.counts.get("dropped", 0) == sum(end.get("dropped", 0) for end in ends[:whole])
        assert settled.place == (Place(0, earlier + whole, {"at": whole - 1}) if whole else start.place)
        assert len(prefix) == 12 - whole
    assert len(prefix) == 0


@pytest.mark.parametrize("position", [None, 7, ["a", 1.5], {"offset": 12}])
def test_a_place_survives_json(position: Any) -> None:
    place = Place(2, 31, position)
    assert Place(**place.to_json()) == place
