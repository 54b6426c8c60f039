from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

DOCUMENTS: dict[str, dict[str, Any]] = {
    "text": {"f": "weir"},
    "integer": {"f": 3},
    "large-integer": {"f": 9007199254740993},
    "fraction": {"f": 3.5},
    "boolean": {"f": True},
    "boolean-as-text": {"f": "true"},
    "number-as-text": {"f": "3"},
    "date": {"f": "2026-11-22"},
    "date-and-time": {"f": "2026-11-22T10:11:12Z"},
    "date-with-slashes": {"f": "2026/11/22"},
    "date-and-time-with-slashes": {"f": "2026/11/22 10:11:12"},
    "year-is-text": {"f": "2026"},
    "null": {"f": None},
    "empty-array": {"f": []},
    "array-of-nulls": {"f": [None]},
    "array-of-texts": {"f": ["a", "b"]},
    "array-of-arrays": {"f": [[1, 2], [3]]},
    "object": {"f": {"a": {"b": "x"}}},
    "empty-object": {"f": {}},
    "array-of-objects": {"f": [{"a": 1}, {"b": "x"}]},
    "dotted-name": {"f.a.b": 1},
    "empty-text": {"f": ""},
    "numbers-below-128": {"f": [0.5] * 127},
    "numbers-of-128": {"f": [0.5] * 128},
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_field_is_mapped_by_its_first_value(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, document: dict[str, Any]
):
    name = make_index(None, [document])
    recorded("mapping", es.indices.get_mapping(index=name)[name]["mappings"])


RUNTIME = pytest.param("runtime", marks=pytest.mark.gap("the pond has no runtime fields and refuses them with 501"))


@pytest.mark.parametrize("dynamic", ["true", "false", "strict", RUNTIME])
def test_unknown_fields_are_treated_as_the_mapping_says(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, dynamic: str
):
    name = make_index({"dynamic": dynamic, "properties": {"known": {"type": "keyword"}}})
    document = {"known": "a", "new": "b", "object": {"inner": 1}}
    if dynamic == "strict":
        answer = refusal(es.index, index=name, id="1", document=document)
        assert answer["body"]["error"]["type"] == "strict_dynamic_mapping_exception"
        recorded("refusal", answer)
    else:
        es.index(index=name, id="1", document=document)
        assert es.get(index=name, id="1")["_source"] == document
    recorded("mapping", es.indices.get_mapping(index=name)[name]["mappings"])


def test_dynamic_may_differ_inside_an_object(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index({"dynamic": False, "properties": {"open": {"dynamic": True, "properties": {}}}})
    es.index(index=name, id="1", document={"open": {"a": 1}, "closed": {"a": 1}})
    recorded("mapping", es.indices.get_mapping(index=name)[name]["mappings"])


CONFLICTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text-after-integer": ({"f": 1}, {"f": "weir"}),
    "object-after-text": ({"f": "weir"}, {"f": {"a": 1}}),
    "text-after-object": ({"f": {"a": 1}}, {"f": "weir"}),
    "text-after-date": ({"f": "2026-11-22"}, {"f": "weir"}),
    "text-after-boolean": ({"f": True}, {"f": "weir"}),
    "mixed-array": ({"g": 1}, {"f": [1, "weir"]}),
    "array-integer-then-fraction": ({"g": 1}, {"f": [1, 2.5]}),
    "array-fraction-then-integer": ({"g": 1}, {"f": [2.5, 1]}),
    "array-with-object-and-value": ({"g": 1}, {"f": [{"a": 1}, "weir"]}),
    "dotted-name-under-a-value": ({"f": 1}, {"f.a": 2}),
}


@pytest.mark.differs(
    "9.5.0",
    "values of several kinds in one array are settled while they are read",
    only=("mixed-array", "array-integer-then-fraction", "array-fraction-then-integer", "array-with-object-and-value"),
)
@pytest.mark.parametrize("pair", CONFLICTS.values(), ids=CONFLICTS.keys())
def test_a_value_that_does_not_fit_is_refused(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, pair: tuple[dict[str, Any], dict[str, Any]]
):
    first, second = pair
    answer = refusal(es.index, index=make_index(None, [first]), id="2", document=second)
    assert answer["status"] == 400
    recorded("refusal", answer)


def test_a_fraction_after_an_integer_is_taken(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"f": 1}, {"f": 2.7}])
    assert es.get(index=name, id="2")["_source"] == {"f": 2.7}
    recorded("term", es.search(index=name, query={"term": {"f": 2}}))


def test_text_is_searched_and_its_keyword_is_exact(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"f": "The Mill Pond"}, {"f": "x" * 257}])
    recorded("text", es.search(index=name, query={"match": {"f": "mill"}}, source=False))
    recorded("keyword", es.search(index=name, query={"term": {"f.keyword": "The Mill Pond"}}, source=False))
    recorded("ignored above 256", es.search(index=name, query={"exists": {"field": "f.keyword"}}, source=False))


def test_too_many_fields_are_refused(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(settings={"index.mapping.total_fields.limit": 10})
    answer = refusal(es.index, index=name, id="1", document={f"f{n}": 1 for n in range(11)})
    assert answer["status"] == 400
    recorded("refusal", answer)


def test_dynamic_templates(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    templates = [
        {"ids": {"match": "*_id", "mapping": {"type": "keyword"}}},
        {"texts": {"match_mapping_type": "string", "mapping": {"type": "text"}}},
        {"whole": {"match_mapping_type": "long", "path_match": "stats.*", "mapping": {"type": "integer"}}},
    ]
    name = make_index({"dynamic_templates": templates}, [{"a_id": "x", "b": "y", "stats": {"n": 1}, "n": 1}])
    recorded("mapping", es.indices.get_mapping(index=name)[name]["mappings"])
