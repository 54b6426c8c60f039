"""Nested objects that a child of a compound retriever found are shown, as Elasticsearch's rank documents query does."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from headpond import connect

NESTED: dict[str, Any] = {"path": "parts", "query": {"match": {"parts.text": "mill"}}}
WORDS = {"standard": {"query": {"match": {"title": "river"}}}}


def nested(**inner: Any) -> dict[str, Any]:
    return {"standard": {"query": {"nested": {**NESTED, "inner_hits": inner}}}}


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        parts = {"type": "nested", "properties": {"text": {"type": "text"}}}
        client.indices.create(index="i", mappings={"properties": {"title": {"type": "text"}, "parts": parts}})
        client.index(index="i", id="1", document={"title": "river", "parts": [{"text": "a"}, {"text": "mill"}]})
        client.index(index="i", id="2", document={"title": "river", "parts": [{"text": "b"}]}, refresh=True)
        yield client


@pytest.mark.parametrize(
    "retriever",
    [
        {"rrf": {"retrievers": [nested(), WORDS]}},
        {"linear": {"retrievers": [{"retriever": nested()}, {"retriever": WORDS}]}},
        {"rrf": {"retrievers": [WORDS, {"rrf": {"retrievers": [nested(), WORDS]}}]}},
    ],
)
def test_each_hit_shows_what_the_child_matches_in_it(client: Elasticsearch, retriever: dict[str, Any]) -> None:
    hits = {hit["_id"]: hit for hit in client.search(index="i", retriever=retriever)["hits"]["hits"]}
    shown = {id: hit["inner_hits"]["parts"]["hits"]["hits"] for id, hit in hits.items()}
    assert [part["_source"]["text"] for part in shown["1"]] == ["mill"]
    assert shown["2"] == []


def test_two_of_the_same_name_are_refused(client: Elasticsearch) -> None:
    retrievers = [nested(), nested()]
    with pytest.raises(BadRequestError, match=r"\[inner_hits\] already contains an entry for key \[parts\]"):
        client.search(index="i", retriever={"rrf": {"retrievers": retrievers}})
    retrievers = [nested(), nested(name="others")]
    answer = client.search(index="i", retriever={"rrf": {"retrievers": retrievers}})
    assert set(answer["hits"]["hits"][0]["inner_hits"]) == {"parts", "others"}
