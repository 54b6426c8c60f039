"""Aggregations beside compound retrievers, and those there are not."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond import connect
from headpond.node.aggregation.base import AGGREGATIONS, MISSING


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        for number in range(30):
            document = {"text": "mill" if number % 2 else "pond", "n": number, "kind": "ab"[number > 20]}
            client.index(index="i", id=str(number), document=document)
        client.indices.refresh(index="i")
        yield client


@pytest.mark.parametrize("filtered", [False, True])
def test_all_that_any_retriever_matches_is_aggregated(client: Elasticsearch, filtered: bool) -> None:
    legs = [{"standard": {"query": {"match": {"text": "mill"}}}}, {"standard": {"query": {"range": {"n": {"gt": 25}}}}}]
    more: dict[str, Any] = {"post_filter": {"term": {"n": 27}}} if filtered else {}
    answer = client.search(
        index="i", retriever={"rrf": {"retrievers": legs}}, aggs={"k": {"terms": {"field": "kind.keyword"}}}, **more
    )
    assert {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["k"]["buckets"]} == {
        "a": 10,
        "b": 7,
    }
    assert answer["hits"]["total"]["value"] == (1 if filtered else 17)


@pytest.mark.parametrize("above", [True, False])
def test_beside_a_least_fused_score_they_are_refused(client: Elasticsearch, above: bool) -> None:
    fused: dict[str, Any] = {"retrievers": [{"standard": {}}, {"standard": {}}]}
    more: dict[str, Any] = {"min_score": 0.1} if above else {}
    retriever = {"rrf": fused if above else {**fused, "min_score": 0.1}}
    with pytest.raises(ApiError) as caught:
        client.search(index="i", retriever=retriever, aggs={"k": {"terms": {"field": "kind.keyword"}}}, **more)
    assert caught.value.meta.status == 501


@pytest.mark.parametrize(
    "aggregation",
    [
        {"date_histogram": {"field": "n"}},
        {"terms": {"field": "n", "script": "1"}},
        {"terms": {"field": "n", "min_doc_count": 0}},
        {"terms": {"field": "kind.keyword", "include": "a.*"}},
        {"terms": {"field": "_index"}},
        {"avg": {"field": "n", "format": "0.0"}},
    ],
)
def test_what_is_known_but_missing_is_said(client: Elasticsearch, aggregation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        client.search(index="i", aggs={"x": aggregation})
    assert caught.value.meta.status == 501
    assert "is not implemented" in caught.value.body["error"]["reason"]


def test_what_is_there_is_not_said_to_be_missing() -> None:
    assert not set(AGGREGATIONS.names()) & set(MISSING)
    for name in AGGREGATIONS.names():
        assert AGGREGATIONS.get(name).type == name
        assert AGGREGATIONS.get(name).__doc__
