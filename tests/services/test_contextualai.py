from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.services.cases.contextualai import answer
from tests.services.provider import Provider, Reply


@pytest.fixture
def contextual(provider: Provider) -> Provider:
    provider.always = answer
    return provider


def put(client: Elasticsearch, provider: Provider, **options: Any) -> dict[str, Any]:
    return client.inference.put_contextualai(
        task_type="rerank",
        contextualai_inference_id="c",
        service="contextualai",
        service_settings={"api_key": "hunter2", "model_id": "m", "url": provider.url},
        **options,
    ).body


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, contextual: Provider) -> None:
    stored = put(client, contextual, task_settings={"top_k": 3, "instruction": "prefer news"})
    assert list(stored["service_settings"].items()) == [
        ("model_id", "m"),
        ("url", contextual.url),
        ("rate_limit", {"requests_per_minute": 1000}),
    ]
    assert stored["task_settings"] == {"top_n": 3, "instruction": "prefer news"}


def test_the_rerank_request(client: Elasticsearch, contextual: Provider) -> None:
    put(client, contextual, task_settings={"top_n": 5, "instruction": "prefer news"})
    client.inference.rerank(inference_id="c", query="q", input=["a", "bbb"])
    answer = client.inference.rerank(
        inference_id="c",
        query="q",
        input=["a", "bbb"],
        top_n=1,
        return_documents=True,
        task_settings={"instruction": "prefer the old"},
    )
    shared = {"query": "q", "documents": ["a", "bbb"], "model": "m"}
    assert {(asked.method, asked.path) for asked in contextual.asked} == {("POST", "/v1/rerank")}
    assert [asked.json() for asked in contextual.asked[1:]] == [
        {**shared, "top_n": 5, "instruction": "prefer news"},
        {**shared, "top_n": 1, "instruction": "prefer the old"},
    ]
    assert contextual.asked[-1].headers["authorization"] == "Bearer hunter2"
    assert answer.body == {"rerank": [{"index": 1, "relevance_score": 0.5, "text": "bbb"}]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": "no"}, "no"),
        ({"detail": [{"loc": ["body", "model"], "msg": "unknown"}]}, "body.model: unknown"),
        ({"message": "no"}, "no"),
    ],
)
def test_the_providers_message_is_passed_on(
    client: Elasticsearch, contextual: Provider, body: Any, message: str
) -> None:
    put(client, contextual)
    contextual.then(Reply(400, body))
    with pytest.raises(ApiError, match="Received a bad request status code") as caught:
        client.inference.rerank(inference_id="c", query="q", input=["a"])
    assert f"Error message: [{message}]" in str(caught.value)
