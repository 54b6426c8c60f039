"""Vectors are left out of the source, wherever they stand, and come back when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond import connect

PROPERTIES: dict[str, Any] = {
    "v": {"type": "dense_vector", "dims": 2},
    "b": {"type": "dense_vector", "dims": 2, "element_type": "byte"},
    "s": {"type": "sparse_vector"},
    "o": {"properties": {"v": {"type": "dense_vector", "dims": 2}}},
    "c": {"type": "nested", "properties": {"v": {"type": "dense_vector", "dims": 2}, "t": {"type": "text"}}},
}
DOCUMENT: dict[str, Any] = {
    "t": "x",
    "v": [0.1, 1],
    "b": [3, -4],
    "s": {"a": 1.5, "b": 0.25},
    "o.v": [1, 2],
    "c": [{"t": "one", "v": [1, 0.5]}, {"t": "none"}, {"v": [2, 3]}],
}
WITHOUT = {"t": "x", "c": [{"t": "one"}, {"t": "none"}, {}]}


@pytest.fixture
def client() -> Iterator[Elasticsearch]:
    with connect("memory", max_retries=0) as client:
        client.indices.create(index="i", mappings={"properties": PROPERTIES})
        client.index(index="i", id="1", document=DOCUMENT, refresh=True)
        yield client


def test_the_source_comes_without_vectors(client: Elasticsearch) -> None:
    assert client.get(index="i", id="1")["_source"] == WITHOUT
    assert client.search(index="i")["hits"]["hits"][0]["_source"] == WITHOUT


def test_the_vectors_come_back_at_their_places(client: Elasticsearch) -> None:
    assert client.get(index="i", id="1", source_exclude_vectors=False)["_source"] == DOCUMENT
    hit = client.search(index="i", source={"exclude_vectors": False})["hits"]["hits"][0]
    assert hit["_source"] == DOCUMENT
    hit = client.search(index="i", source={"exclude_vectors": False, "includes": ["c.v"]})["hits"]["hits"][0]
    assert hit["_source"] == {"c": [{"v": [1.0, 0.5]}, {"v": [2.0, 3.0]}]}


def test_an_update_keeps_vectors_exactly(client: Elasticsearch) -> None:
    for number in range(3):
        client.update(index="i", id="1", doc={"n": number})
    found = client.get(index="i", id="1", source_exclude_vectors=False)["_source"]
    assert found == {**DOCUMENT, "n": 2}


def test_an_index_may_keep_vectors_in_its_source(client: Elasticsearch) -> None:
    settings = {"index.mapping.exclude_source_vectors": False}
    client.indices.create(index="kept", settings=settings, mappings={"properties": PROPERTIES})
    client.index(index="kept", id="1", document=DOCUMENT)
    assert client.get(index="kept", id="1")["_source"] == DOCUMENT


def test_dims_come_from_the_first_vector(client: Elasticsearch) -> None:
    client.indices.create(index="open", mappings={"properties": {"v": {"type": "dense_vector"}}})
    operations: list[dict[str, Any]] = [{"index": {}}, {"v": [1, 2, 3]}, {"index": {}}, {"v": [1, 2]}]
    answer = client.bulk(index="open", operations=operations)
    assert [item["index"]["status"] for item in answer["items"]] == [201, 400]
    assert client.indices.get_mapping(index="open")["open"]["mappings"]["properties"]["v"]["dims"] == 3
