from __future__ import annotations

from typing import Any

import pytest

from headpond.stages.response.sort import Sort, SortSpec
from tests.stages.hits import found, ids, reasons, run

PRICES = [{"price": 3, "kind": "b"}, {"price": 1.5, "kind": "a"}, {"kind": "b"}, {"price": 3, "kind": "a"}]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("price", ["1", "0", "3", "2"]),
        ({"price": "desc"}, ["0", "3", "1", "2"]),
        ([{"price": {"order": "desc", "missing": "_first"}}], ["2", "0", "3", "1"]),
        (["kind", {"price": "desc"}], ["3", "1", "0", "2"]),
        ("_score", ["0", "1", "2", "3"]),
        ({"_score": "asc"}, ["3", "2", "1", "0"]),
        ("nothing", ["0", "1", "2", "3"]),
    ],
)
def test_hits_are_ordered_by_their_fields(by: Any, order: list[str]) -> None:
    assert ids(run(Sort, found(*PRICES), by=by)) == order


def test_only_the_window_is_ordered() -> None:
    assert ids(run(Sort, found(*PRICES), by="price", window=2)) == ["1", "0", "2", "3"]
    assert Sort(SortSpec.model_validate({"by": "price", "window": 20}), "sort").window == 20


def test_values_of_all_kinds_have_an_order() -> None:
    hits = found({"v": "text"}, {"v": 2}, {"v": [9, 1]}, {"v": {"an": "object"}}, {"v": True}, {"v": []})
    assert ids(run(Sort, hits, by="v")) == ["2", "4", "1", "0", "3", "5"]
    assert ids(run(Sort, hits, by={"v": "desc"})) == ["0", "2", "1", "4", "3", "5"]


def test_a_list_in_every_hit_is_sorted() -> None:
    hits = found({"m": ["b", "a", 3]}, {"m": [10, 9.5]}, {}, {"m": "text"}, {"m": [{"a": 1}]})
    hits[1]["fields"] = {"m": [10, 9.5]}
    results = run(Sort, hits, field="m", target_field="sorted")
    assert [hit["_source"].get("sorted") for hit in results.hits] == [[3, "a", "b"], [9.5, 10], None, None, None]
    assert results.hits[1]["fields"] == {"m": [10, 9.5], "sorted": [9.5, 10]}
    assert results.hits[0]["_source"]["m"] == ["b", "a", 3]
    assert reasons(results) == ["[m] of 2 of 5 hits is no list that could be sorted"]


def test_a_list_is_sorted_in_its_place_from_the_end() -> None:
    assert run(Sort, found({"m": [1, 3, 2]}), field="m", order="desc").hits[0]["_source"] == {"m": [3, 2, 1]}


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, "either"),
        ({"field": "a", "by": "b"}, "either"),
        ({"by": {"price": "down"}}, "order"),
        ({"by": []}, "by"),
        ({"by": [3]}, "a key is a field"),
        ({"by": {"price": {"mode": "min"}}}, "mode"),
        ({"field": "a", "order": "up"}, "order"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        SortSpec.model_validate(options)
