"""What values documents may hold, and how they are found."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

# type (with options) -> values that are tried in a document one by one
VALUES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "integer": ({"type": "integer"}, [1, "2", 3.7, "4.2", -2147483648, 2147483648, "x", "", True, [1, "2"], {"a": 1}]),
    "integer-without-coercion": ({"type": "integer", "coerce": False}, [1, "2", 3.7, 4.0]),
    "byte": ({"type": "byte"}, [127, 128, -129]),
    "short": ({"type": "short"}, [32767, 32768]),
    "long": ({"type": "long"}, [9223372036854775807, 9223372036854775808, "9223372036854775807", 1e3, "1e3"]),
    "float": ({"type": "float"}, [1, 0.1, "2.5", 1e39, "x", "NaN"]),
    "double": ({"type": "double"}, [0.1, 1e308, "1e400", "Infinity", None]),
    "half-float": ({"type": "half_float"}, [0.1, 65504, 70000]),
    "boolean": ({"type": "boolean"}, [True, "true", "false", "", "True", "yes", 0, 1]),
    "date": (
        {"type": "date"},
        [
            "2026-11-22",
            "2026-11-22T10:11:12Z",
            "2026-11-22T10:11:12.123+01:00",
            "2026-11",
            "2026",
            1700000000000,
            "1700000000000",
            "2026-11-22 10:11:12",
            "22.11.2026",
            "2026-02-30",
            "",
            True,
        ],
    ),
    "date-with-format": (
        {"type": "date", "format": "dd.MM.yyyy||epoch_second"},
        ["22.11.2026", "1700000000", "2026-11-22"],
    ),
    "keyword": ({"type": "keyword"}, ["a", 1, 1.5, True, {"a": 1}, ["a", ["b"]], "", None]),
    "keyword-too-long": ({"type": "keyword"}, ["x" * 32766, "x" * 32767]),
    "keyword-ignoring-long-ones": ({"type": "keyword", "ignore_above": 3}, ["abc", "abcd", ["ab", "abcde"]]),
    "text": ({"type": "text"}, ["a", 1, True, None, {"a": 1}, [1, 2]]),
    "object": (
        {"properties": {"a": {"type": "long"}}},
        [{"a": 1}, [{"a": 1}, {"a": 2}], None, "x", 3, {"b": {"c": 1}}],
    ),
    "object-disabled": ({"type": "object", "enabled": False}, [{"a": 1}, "x", [1, {"b": 2}]]),
    "ignoring-malformed": ({"type": "integer", "ignore_malformed": True}, ["x", 5, {"a": 1}, True]),
}


@pytest.mark.parametrize(("field", "values"), VALUES.values(), ids=VALUES.keys())
def test_a_value_is_taken_or_refused_like_in_elasticsearch(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, field: dict[str, Any], values: list[Any]
):
    name = make_index({"properties": {"f": field}})
    for at, value in enumerate(values):
        answer = es.options(ignore_status=[400]).index(index=name, id=str(at), document={"f": value})
        error = answer.body.get("error")
        outcome: Any = "taken"
        if error:
            outcome = {key: error[key] for key in ("type", "reason")}
            if cause := error.get("caused_by"):
                outcome["caused_by"] = {key: cause[key] for key in ("type", "reason")}
        recorded(f"{at}: {str(value)[:40]}", outcome)


LARGE = 123456789012345678901234


def test_whole_numbers_beyond_64_bits_are_kept_where_the_type_can_hold_them(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    kinds = ("keyword", "text", "double", "float", "long", "integer", "boolean", "date")
    name = make_index({"properties": {kind: {"type": kind} for kind in kinds}})
    for field in (*kinds, "new"):
        answer = es.options(ignore_status=[400]).index(index=name, id=field, document={field: LARGE}, refresh=True)
        if "error" in answer.body:
            recorded(field, {key: answer.body["error"].get(key) for key in ("type", "reason", "caused_by")})
    recorded("hits", es.search(index=name, sort=["_doc"]))
    assert ids(es.search(index=name, query={"term": {"keyword": str(LARGE)}})) == ["keyword"]
    assert ids(es.search(index=name, query={"range": {"double": {"gt": 1e23}}})) == ["double"]
    es.update(index=name, id="keyword", doc={"more": 1}, refresh=True)
    assert es.get(index=name, id="keyword")["_source"] == {"keyword": LARGE, "more": 1}


def test_coerced_values_are_found_by_what_they_became(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index({"properties": {"n": {"type": "integer"}}}, [{"n": "2"}, {"n": 3.7}, {"n": [5, "6"]}])
    for value in (2, 3, 4, 5, 6):
        recorded(f"{value}", es.search(index=name, query={"term": {"n": value}}))


def test_half_and_single_precision_are_found_rounded(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index({"properties": {"f": {"type": "float"}, "h": {"type": "half_float"}}}, [{"f": 0.1, "h": 0.1}])
    recorded("float", es.search(index=name, query={"term": {"f": 0.1}}, sort=["f"], source=False))
    recorded("half", es.search(index=name, query={"term": {"h": 0.1}}, sort=["h"], source=False))
    recorded("range", es.search(index=name, query={"range": {"f": {"gt": 0.1}}}, source=False))


def test_null_values_stand_for_null(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"k": {"type": "keyword", "null_value": "none"}, "n": {"type": "long", "null_value": -1}}},
        [{"k": None, "n": None}, {"k": [], "n": []}, {"k": ["a", None], "n": [1, None]}, {}],
    )
    assert ids(es.search(index=name, query={"term": {"k": "none"}})) == ["1", "3"]
    assert ids(es.search(index=name, query={"term": {"n": -1}})) == ["1", "3"]
    recorded("hits", es.search(index=name, sort=["n"]))


def test_values_too_long_for_a_keyword_are_not_found_and_named(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    field = {"type": "keyword", "ignore_above": 5}
    name = make_index({"properties": {"k": field}}, [{"k": "short"}, {"k": "much too long"}])
    assert ids(es.search(index=name, query={"exists": {"field": "k"}})) == ["1"]
    recorded("ignored", es.search(index=name, sort=["_doc"]))
    recorded("get", es.get(index=name, id="2"))


def test_malformed_values_that_are_ignored_are_named(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    field = {"type": "integer", "ignore_malformed": True}
    name = make_index({"properties": {"n": field, "t": {"type": "text"}}}, [{"n": "x", "t": "mill"}, {"n": 1}])
    recorded("hits", es.search(index=name, sort=["_doc"]))
    recorded("found by the rest", es.search(index=name, query={"match": {"t": "mill"}}))


def test_copies_of_several_fields_are_searched_as_one(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {
            "properties": {
                "title": {"type": "text", "copy_to": "all"},
                "tags": {"type": "keyword", "copy_to": ["all", "labels"]},
                "all": {"type": "text"},
                "labels": {"type": "keyword"},
            }
        },
        [{"title": "mill pond", "tags": ["water", "old"]}, {"title": "weir", "all": "pond"}],
    )
    recorded("all", es.search(index=name, query={"match": {"all": "pond water"}}))
    recorded("labels", es.search(index=name, query={"term": {"labels": "old"}}))


def test_subfields_are_searched_each_in_its_way(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    field = {
        "type": "text",
        "fields": {"raw": {"type": "keyword"}, "en": {"type": "text", "analyzer": "english"}},
    }
    name = make_index({"properties": {"t": field}}, [{"t": "Mill Ponds"}, {"t": ["a mill", "Weir"]}])
    assert ids(es.search(index=name, query={"match": {"t.en": "pond"}})) == ["1"]
    assert ids(es.search(index=name, query={"match": {"t": "pond"}})) == []
    assert ids(es.search(index=name, query={"term": {"t.raw": "Weir"}})) == ["2"]
    recorded("both", es.search(index=name, query={"multi_match": {"query": "mills", "fields": ["t", "t.en"]}}))


def test_an_object_is_addressed_by_dots(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"a": {"b.c": {"d": "x"}}}, {"a.b": {"c.d": "x"}}, {"a.b.c.d": "y"}])
    recorded("hits", es.search(index=name, query={"term": {"a.b.c.d.keyword": "x"}}))


BAD_NAMES: dict[str, dict[str, Any]] = {
    "dots-only": {".": 1},
    "leading-dot": {".a": 1},
    "trailing-dot": {"a.": 1},
    "two-dots": {"a..b": 1},
    "blank": {" ": 1},
    "empty": {"": 1},
    "meta-field": {"_id": "x"},
    "underscore-is-fine": {"_a": 1},
}


@pytest.mark.parametrize("document", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_field_names(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, document: dict[str, Any]):
    answer = es.options(ignore_status=[400]).index(index=make_index(), id="1", document=document)
    recorded("answer", answer)


def test_a_document_nested_too_deep_is_refused(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    document: dict[str, Any] = {"x": 1}
    for _ in range(25):
        document = {"o": document}
    recorded("refusal", refusal(es.index, index=make_index(), id="1", document=document))
