from __future__ import annotations

from headpond.stages.response.rename_field import RenameField
from tests.stages.hits import found, reasons, run


def test_a_field_is_renamed_in_source_and_fields() -> None:
    hits = found({"message": "hello", "n": 1})
    hits[0]["fields"] = {"message": ["hello"], "n": [1]}
    hit = run(RenameField, hits, field="message", target_field="note").hits[0]
    assert hit["_source"] == {"n": 1, "note": "hello"}
    assert hit["fields"] == {"n": [1], "note": ["hello"]}


def test_paths_lead_into_objects() -> None:
    results = run(RenameField, found({"a": {"b": 1, "c": 2}}, {"a.b": 3}), field="a.b", target_field="x.y")
    assert [hit["_source"] for hit in results.hits] == [{"a": {"c": 2}, "x": {"y": 1}}, {"x": {"y": 3}}]


def test_a_hit_without_the_field_stays_as_it_is() -> None:
    results = run(RenameField, found({"n": 1}, {}), field="message", target_field="note")
    assert [hit["_source"] for hit in results.hits] == [{"n": 1}, {}]
    assert results.degraded == []


def test_a_field_only_in_fields_is_renamed_there() -> None:
    hits = found({})
    hits[0]["fields"] = {"n": [1, 2]}
    hit = run(RenameField, hits, field="n", target_field="m").hits[0]
    assert (hit["_source"], hit["fields"]) == ({}, {"m": [1, 2]})


def test_a_name_that_is_taken_is_said() -> None:
    results = run(RenameField, found({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": {"c": 1}}), field="a", target_field="b")
    assert [hit["_source"] for hit in results.hits] == [{"a": 1, "b": 2}, {"b": 1}, {"a": 1, "b": {"c": 1}}]
    assert reasons(results) == ["[a] could not become [b] in 2 of 3 hits: the name is taken"]
    results = run(RenameField, found({"a": 1, "b": "text"}), field="a", target_field="b.c")
    assert results.hits[0]["_source"] == {"a": 1, "b": "text"}
    assert len(results.degraded) == 1


def test_the_callers_source_is_not_changed() -> None:
    source = {"a": {"b": 1}}
    run(RenameField, found(source), field="a.b", target_field="a.c")
    assert source == {"a": {"b": 1}}
