from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

FIELDS: dict[str, dict[str, Any]] = {
    "text": {"type": "text"},
    "text-with-options": {"type": "text", "analyzer": "simple", "search_analyzer": "standard", "norms": False},
    "text-with-subfields": {
        "type": "text",
        "fields": {"raw": {"type": "keyword", "ignore_above": 5}, "ws": {"type": "text", "analyzer": "whitespace"}},
    },
    "keyword": {"type": "keyword"},
    "keyword-with-options": {"type": "keyword", "ignore_above": 3, "null_value": "none", "doc_values": False},
    "keyword-not-indexed": {"type": "keyword", "index": False},
    "long": {"type": "long"},
    "integer": {"type": "integer", "coerce": False},
    "short": {"type": "short", "ignore_malformed": True},
    "byte": {"type": "byte", "null_value": 7},
    "double": {"type": "double"},
    "float": {"type": "float"},
    "half-float": {"type": "half_float"},
    "boolean": {"type": "boolean", "null_value": True},
    "date": {"type": "date"},
    "date-with-format": {"type": "date", "format": "yyyy-MM-dd||epoch_second"},
    "object": {"type": "object"},
    "object-with-members": {"properties": {"a": {"properties": {"b": {"type": "keyword"}}}}},
    "object-disabled": {"type": "object", "enabled": False},
    "object-strict": {"dynamic": "strict", "properties": {}},
    "nested": {"type": "nested", "properties": {"a": {"type": "keyword"}}},
    "dense-vector": {"type": "dense_vector", "dims": 3},
    "dense-vector-without-dims": {"type": "dense_vector"},
    "dense-vector-of-384": {"type": "dense_vector", "dims": 384},
    "dense-vector-flat": {
        "type": "dense_vector",
        "dims": 3,
        "similarity": "l2_norm",
        "index_options": {"type": "flat"},
    },
    "dense-vector-hnsw": {
        "type": "dense_vector",
        "dims": 3,
        "similarity": "max_inner_product",
        "index_options": {"type": "hnsw", "m": 8, "ef_construction": 50},
    },
    "dense-vector-int8": {"type": "dense_vector", "dims": 3, "index_options": {"type": "int8_flat"}},
    "dense-vector-byte": {"type": "dense_vector", "dims": 3, "element_type": "byte"},
    "dense-vector-bit": {"type": "dense_vector", "dims": 16, "element_type": "bit"},
    "dense-vector-not-indexed": {"type": "dense_vector", "dims": 3, "index": False},
    "sparse-vector": {"type": "sparse_vector"},
    "copy-to": {"type": "keyword", "copy_to": "all"},
    "meta": {"type": "keyword", "meta": {"unit": "mm"}},
}


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS.keys())
def test_a_mapping_is_shown_as_elasticsearch_shows_it(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, field: dict[str, Any]
):
    name = make_index({"properties": {"f": field}})
    recorded("mapping", es.indices.get_mapping(index=name)[name]["mappings"])


def test_fields_are_shown_in_alphabetical_order(es: Elasticsearch, make_index: MakeIndex):
    name = make_index({"properties": {key: {"type": "keyword"} for key in ("b", "c", "a")}})
    assert list(es.indices.get_mapping(index=name)[name]["mappings"]["properties"]) == ["a", "b", "c"]


def test_members_of_the_mapping_itself(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    body = {"dynamic": "false", "_meta": {"made by": "us"}, "_source": {"excludes": ["secret"]}}
    name = make_index(body, [{"secret": 1, "open": 2}])
    recorded("mapping", es.indices.get_mapping(index=name))
    assert es.get(index=name, id="1")["_source"] == {"open": 2}


def test_a_mapping_grows(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index({"properties": {"a": {"type": "keyword"}}})
    recorded("added", es.indices.put_mapping(index=name, properties={"b": {"type": "long"}}))
    recorded("same again", es.indices.put_mapping(index=name, properties={"a": {"type": "keyword"}}))
    recorded(
        "ignore above", es.indices.put_mapping(index=name, properties={"a": {"type": "keyword", "ignore_above": 9}})
    )
    subfield = {"a": {"type": "keyword", "fields": {"t": {"type": "text"}}}}
    recorded("subfield", es.indices.put_mapping(index=name, properties=subfield))
    recorded("inner", es.indices.put_mapping(index=name, properties={"o": {"properties": {"x": {"type": "date"}}}}))
    recorded("mapping", es.indices.get_mapping(index=name))


CHANGES: dict[str, dict[str, Any]] = {
    "other-type": {"a": {"type": "long"}},
    "object-for-a-field": {"a": {"properties": {"b": {"type": "long"}}}},
    "other-analyzer": {"t": {"type": "text", "analyzer": "simple"}},
    "other-dims": {"v": {"type": "dense_vector", "dims": 4}},
    "other-similarity": {"v": {"type": "dense_vector", "dims": 3, "similarity": "dot_product"}},
    "not-indexed-any-more": {"a": {"type": "keyword", "index": False}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_field_does_not_change_its_kind(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, change: dict[str, Any]
):
    name = make_index(
        {
            "properties": {
                "a": {"type": "keyword"},
                "t": {"type": "text"},
                "v": {"type": "dense_vector", "dims": 3, "index_options": {"type": "flat"}},
            }
        }
    )
    answer = refusal(es.indices.put_mapping, index=name, properties=change)
    assert answer["status"] == 400
    recorded("refusal", answer)


WRONG: dict[str, dict[str, Any]] = {
    "unknown-type": {"type": "txt"},
    "no-type": {"index": True},
    "unknown-parameter": {"type": "text", "analyser": "simple"},
    "unknown-analyzer": {"type": "text", "analyzer": "klingon"},
    "not-an-object": "text",
    "text-for-a-boolean": {"type": "keyword", "index": "perhaps"},
    "dims-of-text": {"type": "dense_vector", "dims": "many"},
    "no-dims": {"type": "dense_vector", "dims": 0},
    "too-many-dims": {"type": "dense_vector", "dims": 5000},
    "unknown-similarity": {"type": "dense_vector", "dims": 3, "similarity": "manhattan"},
    "unknown-index-type": {"type": "dense_vector", "dims": 3, "index_options": {"type": "ivf"}},
    "unknown-element-type": {"type": "dense_vector", "dims": 3, "element_type": "int4"},
    "similarity-without-index": {"type": "dense_vector", "dims": 3, "index": False, "similarity": "cosine"},
    "bit-dims-not-a-multiple-of-eight": {"type": "dense_vector", "dims": 3, "element_type": "bit"},
    "vector-as-subfield": {"type": "keyword", "fields": {"s": {"type": "sparse_vector"}}},
    "bad-null-value": {"type": "integer", "null_value": "none"},
    "bad-date-format": {"type": "date", "format": "qqqqqq"},
    "nested-copy-to": {"type": "object", "copy_to": "x"},
}


@pytest.mark.differs("9.5.0", "there is an element type bfloat16", only=("unknown-element-type",))
@pytest.mark.parametrize("field", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_field_is_refused(es: Elasticsearch, index: str, recorded: Recorded, field: Any):
    answer = refusal(es.indices.create, index=index, mappings={"properties": {"f": field}})
    assert answer["status"] == 400
    recorded("refusal", answer)


def test_a_wrong_mapping_is_refused(es: Elasticsearch, index: str, recorded: Recorded):
    recorded("unknown key", refusal(es.indices.create, index=index, mappings={"property": {}}))
    recorded("dynamic", refusal(es.indices.create, index=index, mappings={"dynamic": "sometimes"}))
    recorded("properties", refusal(es.indices.create, index=index, mappings={"properties": ["a"]}))
    empty = {"properties": {"": {"type": "keyword"}}}
    recorded("empty name", refusal(es.indices.create, index=index, mappings=empty))
