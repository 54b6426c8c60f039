"""What the client fuses equals what the pond's own retrievers find: ids, order, scores and totals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given, settings

from headpond.connect import connect
from tests.pipeline.retrievers import INDEX, OTHER, documents, generated, hits, index, run, trees


@pytest.fixture(scope="module")
def pond() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        index(client, INDEX, documents(40))
        for id, doc in list(documents(40).items())[10:14]:
            client.index(index=INDEX, id=id, document=doc)  # a second version, later in the order of ties
        client.delete(index=INDEX, id=next(iter(documents(40))), refresh=True)
        index(client, OTHER, documents(15, seed=6))
        yield client


@pytest.mark.timeout(900)
@settings(generated, max_examples=1000)
@given(retriever=trees)
def test_the_client_ranks_as_the_pond_does(pond: Elasticsearch, retriever: dict[str, Any]) -> None:
    body = {"retriever": retriever, "size": 15}
    theirs = pond.search(index=INDEX, body=body)
    ours = run(pond, body, explain=True)
    assert hits(ours) == hits(theirs)
    if ours["hits"]["total"]["relation"] == "eq":
        assert ours["hits"]["total"] == theirs["hits"]["total"]
    else:
        assert ours["hits"]["total"]["value"] <= theirs["hits"]["total"]["value"]
    assert ours["hits"]["max_score"] == theirs["hits"]["max_score"]


@pytest.mark.timeout(900)
@settings(generated, max_examples=200)
@given(retriever=trees)
def test_what_is_left_to_the_target_ranks_the_same(pond: Elasticsearch, retriever: dict[str, Any]) -> None:
    body = {"retriever": retriever, "size": 15}
    pattern = f"{INDEX}*"
    assert hits(run(pond, body, pattern)) == hits(run(pond, body, pattern, explain=True))
