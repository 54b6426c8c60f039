"""A pond in front of a cluster: `_inference` is its own, everything else goes through."""

import asyncio
import gzip
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch

from headpond.errors import InputError
from headpond.node import Node
from headpond.node.serve import serving
from headpond.toolkit import serve
from tests.real.node import RealNode
from tests.services.provider import Asked, Provider, Reply

FAKE = {"service": "fake", "service_settings": {"dimensions": 4}}


@pytest.fixture
def front(provider: Provider) -> Iterator[httpx.Client]:
    """HTTP to a pond in front of a server that says what it was asked."""
    provider.always = lambda asked: Reply(404, b"no handler found for uri")
    node = Node(None)
    with serving(node, upstream=provider.url) as url, httpx.Client(base_url=url, timeout=60) as http:
        yield http
    node.close()


def test_a_request_goes_through_as_it_is_and_so_does_the_answer(front: httpx.Client, provider: Provider) -> None:
    body = gzip.compress(b'{"query": {}}')
    answered = {"content-encoding": "gzip", "warning": '299 "old"', "x-one": "1"}
    provider.then(Reply(418, gzip.compress(b'{"a": 1}'), answered))
    headers = {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "authorization": "ApiKey abc",
        "x-opaque-id": "7",
        "connection": "x-only-here",
        "x-only-here": "1",
    }
    answer = front.post("/a%2Fb/_search?q=%20x&pretty", content=body, headers=headers)
    (asked,) = provider.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/a%2Fb/_search?q=%20x&pretty", body)
    assert asked.headers["host"] == provider.url.removeprefix("http://")
    assert (asked.headers["authorization"], asked.headers["x-opaque-id"]) == ("ApiKey abc", "7")
    assert "x-only-here" not in asked.headers
    assert (answer.status_code, answer.json()) == (418, {"a": 1})
    assert answer.headers["content-encoding"] == "gzip"
    assert (answer.headers["warning"], answer.headers["x-one"]) == ('299 "old"', "1")


def test_the_pond_answers_inference_itself(front: httpx.Client, provider: Provider) -> None:
    assert front.put("/_inference/text_embedding/e", json=FAKE).status_code == 200
    answer = front.post("/_inference/e", json={"input": "a"})
    assert len(answer.json()["text_embedding"][0]["embedding"]) == 4
    assert {asked.path for asked in provider.asked} == {"/_security/user/_has_privileges"}


def test_a_path_that_only_begins_like_inference_goes_through(front: httpx.Client, provider: Provider) -> None:
    provider.then(Reply(200, {"acknowledged": True}))
    assert front.post("/_inferences").json() == {"acknowledged": True}


def test_a_path_that_climbs_is_refused(front: httpx.Client, provider: Provider) -> None:
    request = front.build_request("GET", "/")
    request.url = httpx.URL(scheme="http", host=front.base_url.host, port=front.base_url.port).copy_with(path="/x/")
    raw = b"/x/%2e%2e/_inference/e"
    request.extensions = {**request.extensions, "target": raw}
    answer = front.send(request)
    assert answer.status_code == 400
    assert not provider.asked


def test_the_answer_comes_while_the_cluster_still_makes_it(front: httpx.Client, provider: Provider) -> None:
    gate = threading.Event()

    def told() -> Iterator[bytes]:
        yield b"first"
        assert gate.wait(30)
        yield b"last"

    provider.then(Reply(parts=told()))
    with front.stream("POST", "/_bulk", content=b"{}", headers={"content-type": "application/json"}) as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"first"
        gate.set()
        assert b"".join(parts) == b"last"


def test_a_client_that_goes_away_ends_the_clusters_work(front: httpx.Client, provider: Provider) -> None:
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        while not ended.wait(0.02):
            yield b"x" * 1000

    provider.then(Reply(parts=endless()))
    with front.stream("POST", "/big/_search") as answer:
        next(answer.iter_raw())
    try:
        assert provider.left.wait(30)
    finally:
        ended.set()


def test_a_cluster_that_is_gone_is_a_502(provider: Provider) -> None:
    node = Node(None)
    provider.close()
    with serving(node, upstream=provider.url) as url:
        answer = httpx.get(f"{url}/_search")
        inference = httpx.get(f"{url}/_inference")
    node.close()
    for found in (answer, inference):
        assert found.status_code == 502
        assert found.json()["error"]["type"] == "connect_exception"
        assert provider.url in found.json()["error"]["reason"]


def privileges(granted: set[str]) -> Any:
    """A cluster with security; who sends `ApiKey good` has these privileges."""

    def answer(asked: Asked) -> Reply:
        if asked.path != "/_security/user/_has_privileges":
            return Reply(200, {})
        if asked.headers.get("authorization") != "ApiKey good":
            reason = "unable to authenticate with provided credentials"
            error = {"type": "security_exception", "reason": reason}
            headers = {"www-authenticate": "ApiKey"}
            return Reply(401, {"error": {**error, "root_cause": [error]}, "status": 401}, headers)
        return Reply(200, {"has_all_requested": set(asked.json()["cluster"]) <= granted})

    return answer


def test_callers_are_those_whom_the_cluster_knows(front: httpx.Client, provider: Provider) -> None:
    provider.always = privileges({"monitor_inference"})
    refused = front.get("/_inference", headers={"authorization": "ApiKey bad"})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "ApiKey"
    assert refused.json()["error"]["type"] == "security_exception"
    good = {"authorization": "ApiKey good"}
    assert front.get("/_inference", headers=good).status_code == 200
    assert front.put("/_inference/text_embedding/e", json=FAKE, headers=good).status_code == 403
    assert front.delete("/_inference/e", headers=good).status_code == 403


def test_the_cluster_is_asked_once_for_a_caller(front: httpx.Client, provider: Provider) -> None:
    provider.always = privileges({"monitor_inference"})
    for _ in range(3):
        front.get("/_inference", headers={"authorization": "ApiKey good"})
    assert len(provider.asked) == 1


def test_a_cluster_that_does_not_say_who_may_ask_lets_nobody(front: httpx.Client, provider: Provider) -> None:
    provider.always = lambda asked: Reply(503, {"error": "busy"})
    assert front.get("/_inference").status_code == 502


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("es.example.org", "is not the URL of a cluster"),
        ("https://u:secret@es.example.org", "holds credentials"),
        ("htps://u:secret@es.example.org", r"'htps://\.\.\.@es\.example\.org' is not the URL of a cluster"),
    ],
)
def test_a_wrong_upstream_is_said_without_its_password(url: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        serve("memory", upstream=url)
    assert "secret" not in str(caught.value)


@pytest.mark.real
def test_the_official_client_sees_one_cluster_with_inference(real_node: RealNode) -> None:
    node = Node(None)
    with serving(node, upstream=real_node.url) as url, Elasticsearch(url, http_compress=True) as es:
        es.inference.put(inference_id="e", task_type="text_embedding", inference_config=FAKE)
        vector = es.inference.text_embedding(inference_id="e", input="a").body["text_embedding"][0]["embedding"]
        mapping = {"properties": {"v": {"type": "dense_vector", "dims": 4}}}
        es.indices.delete(index="fronted", ignore_unavailable=True)
        es.indices.create(index="fronted", mappings=mapping)
        es.bulk(index="fronted", refresh=True, operations=[{"index": {"_id": "1"}}, {"v": vector, "t": "x" * 5000}])
        hits = es.search(index="fronted", knn={"field": "v", "query_vector": vector, "k": 1})["hits"]["hits"]
        assert [hit["_id"] for hit in hits] == ["1"]
        es.indices.delete(index="fronted")
    node.close()


@pytest.mark.real
def test_the_async_client_too(real_node: RealNode) -> None:
    async def ask(url: str) -> tuple[str, int]:
        async with AsyncElasticsearch(url) as es:
            await es.inference.put(
                inference_id="e", task_type="rerank", inference_config={**FAKE, "service_settings": {}}
            )
            ranked = await es.inference.rerank(inference_id="e", query="b", input=["a", "b"])
            return (await es.info())["version"]["number"], ranked["rerank"][0]["index"]

    node = Node(None)
    with serving(node, upstream=real_node.url) as url:
        assert asyncio.run(ask(url)) == (real_node.version, 1)
    node.close()
