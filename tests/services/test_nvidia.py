from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.nvidia import ranking
from tests.services.conftest import openai_embeddings
from tests.services.provider import Provider, Reply


def put(client: Elasticsearch, provider: Provider, task_type: str, **more: Any) -> dict[str, Any]:
    provider.always = ranking if task_type == "rerank" else openai_embeddings
    settings = {"api_key": "hunter2", "model_id": "m", "url": f"{provider.url}/x"}
    config = {"service": "nvidia", "service_settings": settings, **more}
    return dict(client.inference.put(task_type=task_type, inference_id="n", inference_config=config))


@pytest.mark.parametrize(
    ("of_endpoint", "of_request", "sent"),
    [
        ({}, None, "query"),
        ({}, "ingest", "passage"),
        ({}, "search", "query"),
        ({}, "unspecified", "query"),
        ({"input_type": "ingest"}, None, "passage"),
        ({"input_type": "ingest"}, "unspecified", "passage"),
        ({"input_type": "ingest"}, "search", "query"),
    ],
)
def test_input_types(
    client: Elasticsearch, provider: Provider, of_endpoint: dict[str, str], of_request: str | None, sent: str
) -> None:
    put(client, provider, "text_embedding", task_settings=of_endpoint)
    client.inference.text_embedding(inference_id="n", input="a", input_type=of_request)
    assert provider.asked[-1].json()["input_type"] == sent


def test_an_input_type_that_the_models_do_not_know_is_refused(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, "text_embedding")
    with pytest.raises(BadRequestError, match=r"Input type \[classification\] is not supported for \[Nvidia\]"):
        client.inference.text_embedding(inference_id="n", input="a", input_type="classification")


def test_texts_may_be_cut_by_the_provider(client: Elasticsearch, provider: Provider) -> None:
    stored = put(client, provider, "text_embedding", task_settings={"truncate": "end"})
    assert stored["task_settings"] == {"truncate": "END"}
    client.inference.text_embedding(inference_id="n", input="a")
    assert provider.asked[-1].json() == {"input": ["a"], "model": "m", "input_type": "query", "truncate": "END"}
    client.inference.text_embedding(inference_id="n", input="a", task_settings={"truncate": "NONE"})
    assert provider.asked[-1].json()["truncate"] == "NONE"


def test_a_wrong_truncation_is_refused(client: Elasticsearch, provider: Provider) -> None:
    with pytest.raises(BadRequestError, match=r"\[truncate\] must be one of \[end, none, start\]"):
        put(client, provider, "text_embedding", task_settings={"truncate": "middle"})


def test_rerank(client: Elasticsearch, provider: Provider) -> None:
    stored = put(client, provider, "rerank")
    assert list(stored["service_settings"]) == ["model_id", "url", "rate_limit"]
    answer = client.inference.rerank(inference_id="n", query="q", input=["a", "bbb", "cc"])
    asked = provider.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/x")
    assert asked.json() == {
        "model": "m",
        "query": {"text": "q"},
        "passages": [{"text": "a"}, {"text": "bbb"}, {"text": "cc"}],
    }
    assert answer["rerank"] == [
        {"index": 1, "relevance_score": 3.0},
        {"index": 2, "relevance_score": 2.0},
        {"index": 0, "relevance_score": 1.0},
    ]


def test_a_ranking_is_cut_and_texts_are_filled_in(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, "rerank")
    answer = client.inference.rerank(
        inference_id="n", query="q", input=["a", "bbb", "cc"], top_n=2, return_documents=True
    )
    assert answer["rerank"] == [
        {"index": 1, "relevance_score": 3.0, "text": "bbb"},
        {"index": 2, "relevance_score": 2.0, "text": "cc"},
    ]


def test_rerank_has_no_task_settings(client: Elasticsearch, provider: Provider) -> None:
    with pytest.raises(BadRequestError, match=r"settings \[{top_n=1}\] unknown to the \[nvidia\] service"):
        put(client, provider, "rerank", task_settings={"top_n": 1})


def test_a_result_about_no_passage_is_refused(client: Elasticsearch, provider: Provider) -> None:
    put(client, provider, "rerank")
    provider.always = lambda asked: Reply(body={"rankings": [{"index": 5, "logit": 1.0}]})
    with pytest.raises(ApiError, match="A result of Nvidia rerank response is not about a document of the request"):
        client.inference.rerank(inference_id="n", query="q", input=["a"])
