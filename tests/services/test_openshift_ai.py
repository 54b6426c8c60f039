from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from tests.services.conftest import cohere_answer
from tests.services.provider import Provider


def put(client: Elasticsearch, provider: Provider, **more: Any) -> dict[str, Any]:
    provider.always = cohere_answer
    settings = {"api_key": "hunter2", "url": f"{provider.url}/v1/rerank", **more.pop("service_settings", {})}
    config = {"service": "openshift_ai", "service_settings": settings, **more}
    return dict(client.inference.put(task_type="rerank", inference_id="o", inference_config=config))


def test_rerank(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider)
    answer = client.inference.rerank(inference_id="o", query="q", input=["a", "bbb"])
    asked = provider.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v1/rerank")
    assert asked.json() == {"query": "q", "documents": ["a", "bbb"]}
    assert asked.headers["authorization"] == "Bearer hunter2"
    assert answer["rerank"] == [{"index": 1, "relevance_score": 0.5}, {"index": 0, "relevance_score": 0.25}]


def test_the_model_and_task_settings_are_sent(client: Elasticsearch, provider: Provider) -> None:
    stored = put(
        client, provider, service_settings={"model_id": "m"}, task_settings={"top_n": 2, "return_documents": True}
    )
    assert list(stored["service_settings"]) == ["model_id", "url", "rate_limit"]
    answer = client.inference.rerank(inference_id="o", query="q", input=["a", "bbb", "cc"])
    assert provider.asked[-1].json() == {
        "model": "m",
        "query": "q",
        "documents": ["a", "bbb", "cc"],
        "top_n": 2,
        "return_documents": True,
    }
    assert [item["text"] for item in answer["rerank"]] == ["bbb", "cc"]


def test_the_requests_own_options_win(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, task_settings={"top_n": 2, "return_documents": True})
    client.inference.rerank(inference_id="o", query="q", input=["a", "b", "c"], top_n=1, return_documents=False)
    body = provider.asked[-1].json()
    assert (body["top_n"], body["return_documents"]) == (1, False)


def test_other_task_types_have_no_task_settings(client: Elasticsearch, provider: Provider) -> None:
    config = {
        "service": "openshift_ai",
        "service_settings": {"api_key": "k", "url": provider.url},
        "task_settings": {"top_n": 1},
    }
    with pytest.raises(BadRequestError, match=r"settings \[{top_n=1}\] unknown to the \[openshift_ai\] service"):
        client.inference.put(task_type="completion", inference_id="o", inference_config=config)
