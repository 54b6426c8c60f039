from __future__ import annotations

from headpond.stages.response.collapse import Collapse
from tests.stages.hits import found, ids, run


def test_the_best_hit_of_each_value_is_kept_and_says_what_it_stands_for() -> None:
    results = run(Collapse, found({"site": "a"}, {"site": "b"}, {"site": "a"}, {"site": "a"}), field="site")
    assert ids(results) == ["0", "1"]
    assert [hit["_headpond"]["collapsed"] for hit in results.hits] == [
        {"field": "site", "value": "a", "count": 3, "ids": ["2", "3"]},
        {"field": "site", "value": "b", "count": 1, "ids": []},
    ]


def test_hits_without_the_field_are_all_kept() -> None:
    results = run(Collapse, found({}, {"site": None}, {"site": "a"}, {"site": "a"}, {}), field="site")
    assert ids(results) == ["0", "1", "2", "4"]
    assert "_headpond" not in results.hits[0]


def test_values_of_another_type_are_other_values() -> None:
    sources = [{"v": 1}, {"v": "1"}, {"v": True}, {"v": [1]}, {"v": {"a": 1, "b": 2}}, {"v": {"b": 2, "a": 1}}]
    assert ids(run(Collapse, found(*sources), field="v")) == ["0", "1", "2", "3", "4"]


def test_a_path_and_the_fields_of_a_hit_are_looked_at() -> None:
    hits = found({"by": {"name": "x"}}, {"by.name": "x"}, {})
    hits[2]["fields"] = {"by.name": ["x"]}
    assert ids(run(Collapse, hits, field="by.name")) == ["0"]


def test_what_a_reranker_noted_is_kept() -> None:
    hits = found({"site": "a"})
    hits[0]["_headpond"] = {"rank_before": 3}
    assert run(Collapse, hits, field="site").hits[0]["_headpond"]["rank_before"] == 3


def test_no_hits_are_no_problem() -> None:
    assert run(Collapse, [], field="site").hits == []
