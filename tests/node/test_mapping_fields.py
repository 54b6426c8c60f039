"""What fields make of values, beyond the types that parity tests cover."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch


def make(client: Elasticsearch, properties: dict[str, Any], *documents: dict[str, Any], **mappings: Any) -> None:
    client.indices.create(index="i", mappings={"properties": properties, **mappings})
    for number, document in enumerate(documents):
        client.index(index="i", id=str(number), document=document)
    client.indices.refresh(index="i")


def ids(client: Elasticsearch, **query: Any) -> list[str]:
    return sorted(hit["_id"] for hit in client.search(index="i", query=query, size=50)["hits"]["hits"])


def test_copied_values_are_found_in_their_target_and_not_in_the_source(client: Elasticsearch) -> None:
    properties = {
        "a": {"type": "keyword", "copy_to": ["all", "exact"]},
        "b": {"type": "text", "copy_to": "all"},
        "all": {"type": "text", "fields": {"k": {"type": "keyword"}}},
        "exact": {"type": "keyword"},
    }
    make(client, properties, {"a": "One Two", "b": "three"})
    assert ids(client, match={"all": "two"}) == ["0"]
    assert ids(client, match_phrase={"all": "three"}) == ["0"]
    assert ids(client, term={"all.k": "One Two"}) == ["0"]
    assert ids(client, term={"exact": "One Two"}) == ["0"]
    assert client.get(index="i", id="0")["_source"] == {"a": "One Two", "b": "three"}


def test_a_copied_value_may_leave_its_nested_object(client: Elasticsearch) -> None:
    inner = {"t": {"type": "text", "copy_to": "all"}}
    make(
        client, {"c": {"type": "nested", "properties": inner}, "all": {"type": "text"}}, {"c": [{"t": "x"}, {"t": "y"}]}
    )
    assert ids(client, match={"all": {"query": "x y", "operator": "and"}}) == ["0"]


def test_a_null_value_stands_for_null(client: Elasticsearch) -> None:
    properties = {
        "k": {"type": "keyword", "null_value": "NONE"},
        "n": {"type": "long", "null_value": -1},
        "b": {"type": "boolean", "null_value": True},
        "plain": {"type": "keyword"},
    }
    document = {"k": None, "n": [None, 3], "b": None, "plain": None}
    make(client, properties, document, {"k": []})
    assert ids(client, term={"k": "NONE"}) == ["0"]
    assert ids(client, term={"n": -1}) == ids(client, term={"n": 3}) == ["0"]
    assert ids(client, term={"b": True}) == ["0"]
    assert ids(client, exists={"field": "plain"}) == []
    assert client.get(index="i", id="0")["_source"] == document


def test_a_field_alias_stands_for_its_field(client: Elasticsearch) -> None:
    make(client, {"real": {"type": "keyword"}, "other": {"type": "alias", "path": "real"}}, {"real": "x"})
    assert ids(client, term={"other": "x"}) == ["0"]
    with pytest.raises(BadRequestError, match="Cannot write to a field alias"):
        client.index(index="i", document={"other": "x"})


def test_a_normalizer_changes_what_is_found_and_not_the_source(client: Elasticsearch) -> None:
    settings = {"analysis": {"normalizer": {"mine": {"filter": ["lowercase", "asciifolding", "trim"]}}}}
    properties = {"k": {"type": "keyword", "normalizer": "mine"}}
    client.indices.create(index="i", settings=settings, mappings={"properties": properties})
    client.index(index="i", id="0", document={"k": " ÄÖ Straße "}, refresh=True)
    assert ids(client, term={"k": "ao strasse"}) == ids(client, term={"k": "Äo STRASSE"}) == ["0"]
    assert client.get(index="i", id="0")["_source"] == {"k": " ÄÖ Straße "}


def test_a_scaled_float_is_found_as_it_is_kept(client: Elasticsearch) -> None:
    make(client, {"p": {"type": "scaled_float", "scaling_factor": 100}}, {"p": 1.234}, {"p": "5.676"})
    assert ids(client, range={"p": {"gte": 1.23, "lt": 1.24}}) == ["0"]
    hits = client.search(index="i", sort=["p"])["hits"]["hits"]
    assert [hit["sort"] for hit in hits] == [[1.23], [5.68]]


def test_an_object_that_is_not_enabled_is_kept_and_not_read(client: Elasticsearch) -> None:
    make(client, {"o": {"type": "object", "enabled": False}}, {"o": {"a": 1}}, {"o": [{"a": "x"}, 5]}, {"o": "text"})
    assert ids(client, match_all={}) == ["0", "1", "2"]
    assert client.indices.get_mapping(index="i")["i"]["mappings"]["properties"] == {
        "o": {"type": "object", "enabled": False}
    }


def test_source_options_hide_fields_that_are_still_found(client: Elasticsearch) -> None:
    make(client, {}, {"a": {"b": 1, "c": 2}, "d": "x"}, _source={"excludes": ["a.b", "d"]})
    assert client.get(index="i", id="0")["_source"] == {"a": {"c": 2}}
    assert client.search(index="i", query={"match": {"d": "x"}})["hits"]["hits"][0]["_source"] == {"a": {"c": 2}}
    client.update(index="i", id="0", doc={"e": 1}, refresh=True)
    assert ids(client, match={"d": "x"}) == ["0"]


TEMPLATES: list[dict[str, Any]] = [
    {"numbers_as_text": {"match_mapping_type": "long", "match": "code_*", "mapping": {"type": "keyword"}}},
    {"by_regex": {"match_pattern": "regex", "match": "^v\\d$", "mapping": {"type": "double"}}},
    {
        "by_path": {
            "match_mapping_type": "string",
            "path_match": "o.*",
            "mapping": {"type": "text", "analyzer": "{name}"},
        }
    },
    {
        "strings": {
            "match_mapping_type": "string",
            "unmatch": "t_*",
            "mapping": {"type": "keyword", "meta": {"was": "{dynamic_type}"}},
        }
    },
]


def test_dynamic_templates_say_how_unknown_fields_are_mapped(client: Elasticsearch) -> None:
    document = {"code_a": 1, "v1": 2, "o": {"simple": "x", "no": {"n": 1}}, "s": "x", "t_s": "x"}
    make(client, {}, document, dynamic_templates=TEMPLATES)
    properties = client.indices.get_mapping(index="i")["i"]["mappings"]["properties"]
    assert properties["code_a"] == {"type": "keyword"}
    assert properties["v1"] == {"type": "double"}
    assert properties["o"]["properties"]["simple"] == {"type": "text", "analyzer": "simple"}
    assert properties["o"]["properties"]["no"]["properties"]["n"] == {"type": "long"}
    assert properties["s"] == {"type": "keyword", "meta": {"was": "text"}}
    assert properties["t_s"]["type"] == "text"


def test_a_long_array_of_numbers_becomes_a_vector(client: Elasticsearch) -> None:
    make(client, {}, {"v": [0.5] * 128, "short": [0.5] * 127})
    properties = client.indices.get_mapping(index="i")["i"]["mappings"]["properties"]
    assert (properties["v"]["type"], properties["v"]["dims"]) == ("dense_vector", 128)
    assert properties["short"]["type"] == "float"
    near = client.search(index="i", knn={"field": "v", "query_vector": [0.5] * 128, "k": 1})
    assert near["hits"]["hits"][0]["_id"] == "0"


def test_a_whole_number_may_be_written_with_a_fraction(client: Elasticsearch) -> None:
    make(client, {"t": {"type": "text", "position_increment_gap": 50.0}})
    mapping = client.indices.get_mapping(index="i")["i"]["mappings"]
    assert mapping["properties"]["t"]["position_increment_gap"] == 50
