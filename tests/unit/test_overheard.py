"""Parts of answers are heard on their way to the official client."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond import connect
from headpond.node import Node
from headpond.node.serve import serving
from headpond.overheard import listening

EVENTS = {"accept": "text/event-stream", "content-type": "application/json"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A pond over HTTP, which a client cannot tell from a cluster."""
    node = Node()
    with serving(node) as url:
        yield url
    node.close()


@pytest.fixture(params=["memory", "url", "beside"])
def client(request: pytest.FixtureRequest, url: str) -> Iterator[Elasticsearch]:
    targets: dict[str, dict[str, Any]] = {
        "memory": {"target": "memory"},
        "url": {"target": url},
        "beside": {"target": url, "inference": "embedded"},
    }
    with connect(**targets[request.param], max_retries=0) as client:
        client.options(ignore_status=400).inference.put(
            inference_id="c", task_type="completion", inference_config={"service": "fake", "service_settings": {}}
        )
        yield client


def stream(client: Elasticsearch, text: str, path: str = "/_inference/completion/c/_stream") -> Any:
    return client.perform_request("POST", path, headers=EVENTS, body={"input": text}).body


def test_parts_are_told_while_they_come_and_the_answer_is_whole(client: Elasticsearch) -> None:
    heard: list[bytes] = []
    with listening(heard.append):
        answer = stream(client, "one two three")
    assert len(heard) > 1
    assert b"".join(heard).decode() == answer
    assert answer.endswith("data: [DONE]\n\n")


def test_nothing_is_told_when_nobody_listens(client: Elasticsearch) -> None:
    heard: list[bytes] = []
    with listening(heard.append):
        pass
    assert stream(client, "one two three").endswith("data: [DONE]\n\n")
    assert not heard


def test_errors_are_the_clients(client: Elasticsearch) -> None:
    heard: list[bytes] = []
    with listening(heard.append), pytest.raises(ApiError) as caught:
        stream(client, "a", "/_inference/completion/nope/_stream")
    assert caught.value.meta.status == 404


def test_other_answers_pass_while_somebody_listens(client: Elasticsearch) -> None:
    with listening(lambda part: None):
        assert client.inference.completion(inference_id="c", input="a").body == {"completion": [{"result": "a"}]}
        assert client.info()["version"]["number"].startswith("9.")


def test_a_connection_is_used_again(url: str) -> None:
    with connect(url, max_retries=0, connections_per_node=1) as client, listening(lambda part: None):
        for _ in range(5):
            assert client.info()["version"]
