"""A pond with a few documents and a rerank endpoint that prefers those which hold the words of the query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.node import Node

DOCUMENTS = {
    "1": {"body": "water water water water flows down", "kind": "a", "rank": 3},
    "2": {"body": "a mill is driven by water" + 9 * " and grinds corn for the whole valley", "kind": "b", "rank": 2},
    "3": {"body": "bread needs salt", "kind": "a", "rank": 1},
}
QUERY = {"match": {"body": "water mill"}}
RERANK: dict[str, Any] = {
    "response_processors": [{"rerank": {"inference_id": "ranker", "field": "body", "window": 10, "deadline": "60s"}}]
}
RRF: dict[str, Any] = {
    "rrf": {
        "retrievers": [
            {"standard": {"query": QUERY}},
            {"standard": {"query": {"match": {"kind": "b"}}}},
        ]
    }
}


def fill(client: Elasticsearch, index: str = "docs") -> None:
    for id, document in DOCUMENTS.items():
        client.index(index=index, id=id, document=document)
    client.indices.refresh(index=index)


def put_ranker(client: Elasticsearch) -> None:
    config = {"service": "fake", "service_settings": {}}
    client.inference.put(task_type="rerank", inference_id="ranker", inference_config=config)


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


@pytest.fixture
def es() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        put_ranker(client)
        fill(client)
        yield client


@pytest.fixture
def node() -> Iterator[Node]:
    """A pond to be served, with the same in it."""
    from headpond.hooked.pond import own_client

    pond = Node(None)
    put_ranker(own_client(pond))
    yield pond
    pond.close()
