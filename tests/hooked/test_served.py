"""`headpond serve --hook`: any client's searches pass through, in the caller's name."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from elasticsearch import AuthenticationException, AuthorizationException, BadRequestError, Elasticsearch, NotFoundError

from headpond.errors import PipelineError
from headpond.hook import names, specification
from headpond.hooked.app import wrapper
from headpond.hooked.pond import own_client
from headpond.node import Node
from headpond.node.serve import Wrap, serving
from tests.hooked.conftest import QUERY, RERANK, RRF, fill, ids, put_ranker
from tests.services.provider import Asked, Provider, Reply

ENDPOINT = {"ranker": {"task_type": "rerank", "service": "fake", "service_settings": {}}}
ES = {"x-elastic-product": "Elasticsearch", "content-type": "application/json"}


def hooks(*pipelines: dict[str, Any]) -> Wrap:
    specs = [specification(pipeline) for pipeline in pipelines]
    return wrapper([(spec, names(spec, None)) for spec in specs])


@pytest.fixture
def url(node: Node) -> Iterator[str]:
    with serving(node, wrap=hooks(RERANK)) as url:
        with Elasticsearch(url) as es:
            fill(es)
        yield url


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as http:
        yield http


def test_the_official_client_is_ranked_without_knowing(url: str) -> None:
    with Elasticsearch(url, http_compress=True) as es:
        assert ids(es.search(index="docs", query=QUERY)) == ["2", "1"]
        assert ids(es.search(index="docs", retriever=RRF, size=10)) == ["2", "1"]
        both = es.msearch(index="docs", searches=[{}, {"query": QUERY}, {}, {"retriever": RRF, "size": 10}])
        assert [ids(answer) for answer in both["responses"]] == 2 * [["2", "1"]]
        assert ids(es.search(index="docs", query=QUERY, ext={"headpond": False})) == ["1", "2"]
        assert es.count(index="docs")["count"] == 3
        with pytest.raises(NotFoundError, match="index_not_found"):
            es.search(index="missing", query=QUERY)
        with pytest.raises(BadRequestError, match="illegal_argument"):
            es.search(index="docs", retriever={"rrf": {"retrievers": []}})


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_is_ranked_too(url: str) -> None:
    def curl(*arguments: str) -> Any:
        done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, check=True, timeout=60)
        return json.loads(done.stdout)

    body = ["-H", "content-type: application/json", "-d", json.dumps({"query": QUERY})]
    assert ids(curl(f"{url}/docs/_search", *body)) == ["2", "1"]
    assert ids(curl("-X", "GET", f"{url}/docs/_search?size=1", *body)) == ["2"]
    assert ids(curl("--compressed", f"{url}/docs/_search", *body)) == ["2", "1"]
    assert curl(f"{url}/docs/_search?filter_path=hits.hits._id", *body) == {
        "hits": {"hits": [{"_id": "2"}, {"_id": "1"}]}
    }
    lines = f'{{"index": "docs"}}\n{json.dumps({"query": QUERY})}\n'
    ndjson = ["-H", "content-type: application/x-ndjson", "--data-binary", lines]
    assert ids(curl(f"{url}/_msearch", *ndjson)["responses"][0]) == ["2", "1"]


def test_types_of_content_are_those_of_the_caller(http: httpx.Client) -> None:
    vendor = "application/vnd.elasticsearch+json;compatible-with=9"
    for kind in (vendor, "application/json"):
        answer = http.post(
            "/docs/_search", content=json.dumps({"retriever": RRF}), headers={"accept": kind, "content-type": kind}
        )
        assert answer.headers["content-type"].replace(" ", "") == kind
        assert answer.headers["x-elastic-product"] == "Elasticsearch"
        assert ids(answer.json()) == ["2", "1"]


def test_a_compressed_body_is_read_and_a_pretty_answer_is_pretty(http: httpx.Client) -> None:
    body = gzip.compress(json.dumps({"query": QUERY}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = http.post("/docs/_search?pretty", content=body, headers=headers)
    assert ids(answer.json()) == ["2", "1"]
    assert answer.text.startswith('{\n  "took"')


def test_what_is_no_search_in_json_is_left_alone(http: httpx.Client) -> None:
    plain = http.post("/docs/_search", content=b"{not json", headers={"content-type": "application/json"})
    assert (plain.status_code, plain.json()["error"]["type"]) == (400, "x_content_parse_exception")
    wrong = http.post("/docs/_search", content=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"})
    assert wrong.status_code == 406
    assert http.get("/docs/_doc/1").json()["_id"] == "1"
    switched = http.post("/docs/_search", json={"query": QUERY, "ext": {"headpond": "no"}})
    assert (switched.status_code, switched.json()["error"]["type"]) == (400, "illegal_argument_exception")


def test_a_page_in_a_browser_with_another_name_is_refused(http: httpx.Client) -> None:
    answer = http.post("/docs/_search", json={"query": QUERY}, headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "security_exception")


def test_the_first_pipeline_for_an_index_has_it(node: Node) -> None:
    first = {"index": {"name": "docs"}, "response_processors": [{"truncate_hits": {"target_size": 1}}]}
    with serving(node, wrap=hooks(first, RERANK)) as url, Elasticsearch(url) as es:
        fill(es)
        fill(es, "others")
        assert ids(es.search(index="docs", query=QUERY)) == ["1"]
        assert ids(es.search(index="others", query=QUERY)) == ["2", "1"]


def test_endpoints_of_a_pipeline_are_made_and_wrong_ones_are_said() -> None:
    node = Node(None)
    with serving(node, wrap=hooks({**RERANK, "endpoints": ENDPOINT})) as url, Elasticsearch(url) as es:
        fill(es)
        assert "degraded" not in es.search(index="docs", query=QUERY)
        assert ids(es.search(index="docs", query=QUERY)) == ["2", "1"]
    other = {"ranker": {"task_type": "text_embedding", "service": "fake", "service_settings": {}}}
    with pytest.raises(PipelineError, match="ranker"), serving(node, wrap=hooks({**RERANK, "endpoints": other})):
        pytest.fail("it is served")
    node.close()


def test_security_of_the_pond_counts_and_inference_needs_no_privilege() -> None:
    node = Node(None, security=True, password="pass-word")
    put_ranker(own_client(node))
    with serving(node, wrap=hooks(RERANK)) as url:
        with Elasticsearch(url, basic_auth=("elastic", "pass-word")) as es:
            fill(es)
            es.indices.create(index="secret")
            reader = {"indices": [{"names": ["docs"], "privileges": ["read"]}]}
            es.security.put_role(name="reader", **reader)
            es.security.put_user(username="ann", password="ann-pass-word", roles=["reader"])
        with Elasticsearch(url, basic_auth=("ann", "ann-pass-word")) as es:
            answer = es.search(index="docs", query=QUERY)
            assert (ids(answer), "degraded" in answer) == (["2", "1"], False)
            assert ids(es.search(index="docs", retriever=RRF, size=10)) == ["2", "1"]
            with pytest.raises(AuthorizationException):
                es.search(index="secret", query=QUERY)
        with Elasticsearch(url, basic_auth=("ann", "wrong")) as es, pytest.raises(AuthenticationException) as caught:
            es.search(index="docs", query=QUERY)
        assert caught.value.body["error"]["type"] == "security_exception"
        answer = httpx.post(f"{url}/docs/_search", json={"query": QUERY})
        assert answer.status_code == 401
        assert "www-authenticate" in answer.headers
    node.close()


class Cluster:
    """A cluster that says what it was asked, and finds two documents."""

    def __init__(self) -> None:
        self.provider = Provider()
        self.provider.always = self.answer

    def answer(self, asked: Asked) -> Reply:
        headers = {**ES, "x-opaque-id": asked.headers.get("x-opaque-id", "")}
        if asked.path == "/_security/_authenticate":
            known = asked.headers.get("authorization") == "ApiKey good"
            error = {"error": {"type": "security_exception", "reason": "who are you"}, "status": 401}
            return (
                Reply(200, {"username": "u"}, headers) if known else Reply(401, error, {"www-authenticate": "ApiKey"})
            )
        hits = [
            {"_index": "docs", "_id": str(place), "_score": 2.0 - place, "_source": {"body": text}}
            for place, text in enumerate(("water water", "a mill is driven by water"))
        ]
        found = {"took": 1, "hits": {"total": {"value": 2, "relation": "eq"}, "max_score": 2.0, "hits": hits}}
        content = (
            gzip.compress(json.dumps(found).encode()) if "gzip" in asked.headers.get("accept-encoding", "") else found
        )
        return Reply(200, content, {**headers, "content-encoding": "gzip"} if isinstance(content, bytes) else headers)

    def searches(self) -> list[Asked]:
        return [asked for asked in self.provider.asked if "_search" in asked.path]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.provider.close()


@pytest.fixture
def front(node: Node, cluster: Cluster) -> Iterator[httpx.Client]:
    with (
        serving(node, upstream=cluster.provider.url, wrap=hooks(RERANK)) as url,
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        yield http


def test_a_cluster_is_asked_in_the_callers_name(front: httpx.Client, cluster: Cluster) -> None:
    headers = {"authorization": "ApiKey good", "x-opaque-id": "seven"}
    answer = front.post("/docs/_search?routing=a&preference=b", json={"query": QUERY}, headers=headers)
    assert ids(answer.json()) == ["1", "0"]
    assert answer.headers["x-opaque-id"] == "seven"
    assert answer.headers["content-encoding"] == "gzip"
    (asked,) = cluster.searches()
    assert asked.path == "/docs/_search?routing=a&preference=b"
    assert {name: asked.headers[name] for name in headers} == headers
    assert asked.headers["host"] == cluster.provider.url.removeprefix("http://")
    assert asked.json()["size"] == 10
    plain = front.post("/docs/_search", json={"query": QUERY}, headers={**headers, "accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_nothing_is_spent_on_somebody_whom_the_cluster_does_not_know(front: httpx.Client, cluster: Cluster) -> None:
    answer = front.post("/docs/_search", json={"query": QUERY}, headers={"authorization": "ApiKey bad"})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (401, "who are you")
    assert answer.headers["www-authenticate"] == "ApiKey"
    assert not cluster.searches()
    for _ in range(3):
        front.post("/docs/_search", json={"query": QUERY}, headers={"authorization": "ApiKey good"})
    assert len([asked for asked in cluster.provider.asked if "_authenticate" in asked.path]) == 2


def test_a_cluster_that_is_gone_is_a_502(node: Node) -> None:
    provider = Provider()
    provider.close()
    with serving(node, upstream=provider.url, wrap=hooks(RERANK)) as url:
        answer = httpx.post(f"{url}/docs/_search", json={"query": QUERY})
    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "connect_exception")


def test_a_caller_who_goes_away_ends_the_clusters_work(front: httpx.Client, cluster: Cluster) -> None:
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        while not ended.wait(0.02):
            yield b"x" * 1000

    known = cluster.provider.always
    cluster.provider.always = lambda asked: Reply(parts=endless()) if "_search" in asked.path else known(asked)
    with pytest.raises(httpx.ReadTimeout):
        front.post("/docs/_search", json={"query": QUERY}, headers={"authorization": "ApiKey good"}, timeout=2)
    try:
        assert cluster.provider.left.wait(60)
    finally:
        ended.set()


def test_a_reranker_that_fails_costs_nothing_but_the_order(front: httpx.Client, node: Node) -> None:
    own_client(node).inference.delete(inference_id="ranker")
    answer = front.post("/docs/_search", json={"query": QUERY}, headers={"authorization": "ApiKey good"})
    assert answer.status_code == 200
    assert ids(answer.json()) == ["0", "1"]
    assert "ranker" in answer.json()["degraded"][0]["reason"]
