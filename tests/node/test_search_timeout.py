"""`timeout` of a search: what is not searched when it is over is left out, and the answer says so."""

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from headpond import connect


@pytest.fixture
def client() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        for name in ("a", "b", "c"):
            client.index(index=name, document={"text": "mill", "n": 1}, refresh=True)
        yield client


@pytest.mark.parametrize("body", [{}, {"sort": "n"}, {"query": {"match": {"text": "mill"}}}])
def test_further_indices_are_left_out(client: Elasticsearch, body: dict[str, object]) -> None:
    answer = client.search(index="a,b,c", timeout="1nanos", **body)
    assert answer["timed_out"] is True
    assert [hit["_index"] for hit in answer["hits"]["hits"]] == ["a"]
    assert answer["hits"]["total"]["value"] == 1


def test_below_a_compound_retriever_too(client: Elasticsearch) -> None:
    legs = [{"standard": {"query": {"match": {"text": "mill"}}}}, {"standard": {"query": {"match_all": {}}}}]
    answer = client.search(index="a,b", timeout="1nanos", retriever={"rrf": {"retrievers": legs}})
    assert (answer["timed_out"], len(answer["hits"]["hits"])) == (True, 1)


def test_as_a_parameter_it_counts_as_well(client: Elasticsearch) -> None:
    answer = client.perform_request("GET", "/a,b/_search?timeout=1nanos", headers={"accept": "application/json"})
    assert answer["timed_out"] is True


@pytest.mark.parametrize("timeout", ["1h", "-1"])
def test_while_there_is_time_nothing_is_left_out(client: Elasticsearch, timeout: str) -> None:
    answer = client.search(index="a,b,c", timeout=timeout)
    assert (answer["timed_out"], answer["hits"]["total"]["value"]) == (False, 3)
