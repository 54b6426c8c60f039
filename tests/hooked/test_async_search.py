"""`_async_search`, against a server with the answers that Elasticsearch documents: the pond and the distribution of
the tests have no such API."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

import headpond
from headpond.hooked.url import split
from tests.hooked.conftest import QUERY, RRF, ids
from tests.services.provider import Asked, Provider, Reply

HEADERS = {"x-elastic-product": "Elasticsearch", "content-type": "application/vnd.elasticsearch+json;compatible-with=9"}
ID = "FmRldE8zREVEUzA2ZVpUeGs2ejJFUFEaMkZ5QTVrSTZSaVN3WlNFVmtlWHJsdzoxMDc="


def found(*names: str) -> dict[str, Any]:
    hits = [{"_index": "docs", "_id": name, "_score": 1.0, "_source": {}} for name in names]
    return {
        "took": 1,
        "timed_out": False,
        "hits": {"total": {"value": 9, "relation": "eq"}, "max_score": 1.0, "hits": hits},
    }


def state(*names: str, running: bool, id: str | None = ID) -> dict[str, Any]:
    about = {"is_partial": running, "is_running": running, "start_time_in_millis": 1, "expiration_time_in_millis": 2}
    return {**({"id": id} if id else {}), **about, "response": found(*names)}


@pytest.fixture
def es(provider: Provider) -> Iterator[Elasticsearch]:
    with Elasticsearch(provider.url) as client:
        yield headpond.hook(client, {"request_processors": [{"oversample": {"sample_factor": 2}}]}, stages=[backwards])


def backwards(hits: list[Any]) -> list[Any]:
    return hits[::-1]


def test_hits_are_processed_when_they_are_complete(es: Elasticsearch, provider: Provider) -> None:
    provider.then(
        Reply(200, state("a", "b", "c", running=True), HEADERS),
        Reply(200, state("a", "b", "c", running=True), HEADERS),
        Reply(200, state("a", "b", "c", "d", running=False), HEADERS),
        Reply(200, {"acknowledged": True}, HEADERS),
        Reply(200, state("a", "b", running=False), HEADERS),
    )
    how = {"wait_for_completion_timeout": "1ms", "keep_alive": "1d"}
    first = es.async_search.submit(index="docs", query=QUERY, size=2, **how)
    assert ids(first["response"]) == ["a", "b"]
    assert ids(es.async_search.get(id=first["id"])["response"]) == ["a", "b"]
    done = es.async_search.get(id=first["id"])
    assert (done["is_running"], ids(done["response"])) == (False, ["d", "c"])
    assert es.async_search.delete(id=first["id"])["acknowledged"]
    forgotten = es.async_search.get(id=first["id"])
    assert ids(forgotten["response"]) == ["a", "b"]
    asked = provider.asked[0]
    assert split(asked.path) == ("/docs/_async_search", how)
    assert asked.json()["size"] == 4


def test_an_answer_that_is_there_at_once_is_processed_at_once(es: Elasticsearch, provider: Provider) -> None:
    provider.then(Reply(200, state("a", "b", running=False, id=None), HEADERS))
    answer = es.async_search.submit(index="docs", query=QUERY)
    assert ids(answer["response"]) == ["b", "a"]


def test_status_goes_through(es: Elasticsearch, provider: Provider) -> None:
    provider.then(Reply(200, {"id": ID, "is_running": True}, HEADERS))
    assert es.async_search.status(id=ID)["is_running"]


def test_legs_are_searched_at_once(es: Elasticsearch, provider: Provider) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.startswith("/docs/_msearch"):
            return Reply(200, {"responses": [found("a"), found("b", "a")]}, HEADERS)
        return Reply(200, {"version": {"number": "9.0.0"}}, HEADERS)

    provider.always = answer
    done = es.async_search.submit(index="docs", body={"retriever": RRF}, wait_for_completion_timeout="1ms")
    assert (done["is_running"], ids(done["response"])) == (False, ["b", "a"])
    assert "id" not in done


def test_legs_that_shall_be_kept_are_the_targets_business(es: Elasticsearch, provider: Provider) -> None:
    provider.then(Reply(200, state("a", "b", running=False), HEADERS))
    answer = es.async_search.submit(index="docs", body={"retriever": RRF}, keep_on_completion=True)
    assert ids(answer["response"]) == ["a", "b"]
    assert "rrf" in provider.asked[0].json()["retriever"]
