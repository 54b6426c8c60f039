"""An index that exists already: completed where that is possible, refused or warned about where it is not."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.errors import PipelineError
from headpond.pipeline.mapping_difference import compare
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, source

VECTORS = {"dense": {"type": "dense_vector"}, "sparse": {"type": "sparse_vector"}}
HERE = {"dense": {"type": "dense_vector", "dims": 16}, "sparse": {"type": "sparse_vector"}}


def with_mapping(**properties: Any) -> dict[str, Any]:
    return {"name": "things", "mapping": {"mappings": {"properties": {**VECTORS, **properties}}}}


def properties(es: Elasticsearch) -> dict[str, Any]:
    found: dict[str, Any] = es.indices.get_mapping(index="things")["things"]["mappings"]["properties"]
    return found


def test_missing_fields_are_added_and_named(es: Elasticsearch, build: Build, caplog: pytest.LogCaptureFixture) -> None:
    here = {**HERE, "title": {"type": "text", "analyzer": "english"}, "parts": {"type": "nested", "properties": {}}}
    es.indices.create(index="things", mappings={"dynamic": "strict", "properties": here})
    section = with_mapping(
        title={"type": "text", "analyzer": "english", "fields": {"raw": {"type": "keyword"}}},
        parts={"type": "nested", "properties": {"price": {"type": "float"}}},
        body={"type": "text"},
        place={"properties": {"town": {"type": "keyword"}}},
    )
    build(index=section).apply()
    made = properties(es)
    assert made["title"] == {"type": "text", "analyzer": "english", "fields": {"raw": {"type": "keyword"}}}
    assert made["parts"] == {"type": "nested", "properties": {"price": {"type": "float"}}}
    assert made["body"] == {"type": "text"}
    assert made["place"] == {"properties": {"town": {"type": "keyword"}}}
    (said,) = caplog.messages
    assert said.startswith("index [things]: added to its mapping: [title.raw], [parts.price], [body], [place];")
    caplog.clear()
    build(index=section).apply()
    assert caplog.messages == []


def test_a_missing_vector_field_gets_the_dims_of_its_endpoint(es: Elasticsearch, build: Build) -> None:
    es.indices.create(index="things", mappings={"properties": {"body": {"type": "text"}}})
    build(index=with_mapping(body={"type": "text"})).ingest(RECORDS, settings=SETTINGS)
    assert properties(es)["dense"]["dims"] == 16
    assert len(source(es, "mill")["dense"]) == 16
    meta = es.indices.get_mapping(index="things")["things"]["mappings"]["_meta"]["headpond"]
    assert meta["models"].keys() == {"dense", "sparse"}


def test_other_types_are_refused_all_at_once(es: Elasticsearch, build: Build) -> None:
    here = {**HERE, "title": {"type": "keyword"}, "place": {"properties": {"size": {"type": "long"}}}}
    es.indices.create(index="things", mappings={"properties": here})
    section = with_mapping(
        title={"type": "text"}, place={"properties": {"size": {"type": "double"}}}, new={"type": "ip"}
    )
    for act in (lambda: build(index=section).apply(), lambda: build(index=section).ingest(RECORDS, settings=SETTINGS)):
        with pytest.raises(PipelineError) as caught:
            act()
        assert str(caught.value) == (
            "index [things]: [title] is of type keyword there and text in the file; "
            "[place.size] is of type long there and double in the file; a field's type cannot be changed\n"
            "  ingest into a new index (--index NAME), delete this one first, or make the mapping say what is there"
        )
    assert "new" not in properties(es)
    assert es.count(index="things")["count"] == 0


def test_other_parameters_are_said(es: Elasticsearch, build: Build, caplog: pytest.LogCaptureFixture) -> None:
    here = {**HERE, "title": {"type": "text", "analyzer": "english"}, "kind": {"type": "keyword"}}
    es.indices.create(index="things", mappings={"dynamic": "strict", "properties": here})
    section = with_mapping(title={"type": "text"}, kind={"type": "keyword", "doc_values": False})
    section["mapping"]["mappings"]["dynamic"] = True
    build(index=section).apply()
    assert [text.removesuffix("; a new index would have what the file says") for text in caplog.messages] == [
        "index [things]: [analyzer] of [title] is english there and standard in the file",
        "index [things]: [doc_values] of [kind] is true there and false in the file",
        "index [things]: [dynamic] is strict there and true in the file",
    ]


# Parameters with their defaults and without: what a target leaves out of its answer is no difference.
RICH: dict[str, Any] = {
    "dynamic": True,
    "properties": {
        "text": {"type": "text", "index": True, "norms": True, "index_options": "positions", "store": False},
        "plain": {"type": "text", "norms": False, "index_options": "docs", "analyzer": "english"},
        "key": {"type": "keyword", "doc_values": True, "ignore_above": 256, "norms": False},
        "number": {"type": "long", "coerce": True, "ignore_malformed": False, "index": False},
        "day": {"type": "date", "format": "strict_date_optional_time||epoch_millis"},
        "title": {
            "type": "text",
            "position_increment_gap": "100",
            "fields": {"raw": {"type": "keyword", "ignore_above": 20}},
        },
        "place": {"dynamic": "strict", "properties": {"town": {"type": "keyword"}}},
        "parts": {"type": "nested", "properties": {"price": {"type": "float"}}},
        "dense": {"type": "dense_vector", "dims": 4, "index_options": {"type": "int8_hnsw"}},
        "bytes": {"type": "dense_vector", "dims": 4, "element_type": "byte", "index": False},
        "sparse": {"type": "sparse_vector"},
    },
}


def test_an_index_made_from_a_mapping_does_not_differ_from_it(es: Elasticsearch) -> None:
    es.indices.create(index="things", mappings=RICH)
    difference = compare(RICH, es.indices.get_mapping(index="things")["things"]["mappings"])
    assert (difference.added, difference.conflicts, difference.parameters) == ([], [], [])
