from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.voyageai import answer
from tests.services.provider import Provider, Reply


@pytest.fixture
def voyage(provider: Provider) -> Provider:
    provider.always = answer
    return provider


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> dict[str, Any]:
    settings = {"api_key": "hunter2", "model_id": "m", "url": provider.url, **options.pop("service_settings", {})}
    return client.inference.put_voyageai(
        task_type=task_type, voyageai_inference_id="v", service="voyageai", service_settings=settings, **options
    ).body


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, voyage: Provider) -> None:
    stored = put(client, voyage, service_settings={"max_input_tokens": 100})
    assert list(stored["service_settings"].items()) == [
        ("model_id", "m"),
        ("url", voyage.url),
        ("rate_limit", {"requests_per_minute": 2000}),
        ("similarity", "dot_product"),
        ("dimensions", 3),
        ("max_input_tokens", 100),
        ("embedding_type", "float"),
    ]


def test_the_embeddings_request_is_voyages(client: Elasticsearch, voyage: Provider) -> None:
    put(client, voyage, service_settings={"dimensions": 3}, task_settings={"truncation": False})
    answer = client.inference.text_embedding(inference_id="v", input=["a", "bb"], input_type="search")
    asked = voyage.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v1/embeddings")
    assert asked.json() == {
        "input": ["a", "bb"],
        "model": "m",
        "input_type": "query",
        "truncation": False,
        "output_dimension": 3,
        "output_dtype": "float",
    }
    assert asked.headers["authorization"] == "Bearer hunter2"
    assert asked.headers["request-source"] == "unspecified:elasticsearch"
    assert answer["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]
    assert answer.meta.headers["x-headpond-tokens"] == "7"


def test_what_nobody_set_is_not_sent(client: Elasticsearch, voyage: Provider) -> None:
    put(client, voyage)
    client.inference.text_embedding(inference_id="v", input="a")
    client.inference.text_embedding(inference_id="v", input="a", input_type="unspecified")
    assert [asked.json() for asked in voyage.asked[1:]] == [{"input": ["a"], "model": "m", "output_dtype": "float"}] * 2


def test_the_requests_input_type_wins_over_the_endpoints(client: Elasticsearch, voyage: Provider) -> None:
    put(client, voyage, task_settings={"input_type": "ingest"})
    client.inference.text_embedding(inference_id="v", input="a")
    client.inference.text_embedding(inference_id="v", input="a", task_settings={"input_type": "search"})
    client.inference.text_embedding(inference_id="v", input="a", input_type="search")
    assert [asked.json()["input_type"] for asked in voyage.asked] == ["document", "document", "query", "query"]


def test_an_input_type_that_voyage_does_not_know_is_refused(client: Elasticsearch, voyage: Provider) -> None:
    put(client, voyage)
    with pytest.raises(BadRequestError) as caught:
        client.inference.text_embedding(inference_id="v", input="a", input_type="clustering")
    assert caught.value.body["error"]["reason"] == (
        "Validation Failed: 1: Input type [clustering] is not supported for [Voyage AI];"
    )
    assert len(voyage.asked) == 1


@pytest.mark.parametrize(
    ("given", "wire", "key", "dimensions"),
    [
        ("int8", "int8", "text_embedding_bytes", 2),
        ("byte", "int8", "text_embedding_bytes", 2),
        ("bit", "binary", "text_embedding_bits", 16),
        ("binary", "binary", "text_embedding_bits", 16),
    ],
)
def test_element_types(
    client: Elasticsearch, voyage: Provider, given: str, wire: str, key: str, dimensions: int
) -> None:
    stored = put(client, voyage, service_settings={"embedding_type": given})
    answer = client.inference.text_embedding(inference_id="v", input="abc")
    assert voyage.asked[-1].json()["output_dtype"] == wire
    assert answer.body == {key: [{"embedding": [3, -1]}]}
    settings = stored["service_settings"]
    assert (settings["embedding_type"], settings["dimensions"]) == (given, dimensions)


def test_many_tokens_go_in_several_requests(client: Elasticsearch, voyage: Provider) -> None:
    put(client, voyage)
    client.inference.text_embedding(inference_id="v", input=["x" * 150_000] * 5)
    assert [len(asked.json()["input"]) for asked in voyage.asked[1:]] == [2, 2, 1]


def test_the_rerank_request_is_voyages(client: Elasticsearch, voyage: Provider) -> None:
    put(client, voyage, "rerank", task_settings={"top_k": 5, "truncation": True})
    client.inference.rerank(inference_id="v", query="q", input=["a", "bbb"])
    answer = client.inference.rerank(
        inference_id="v", query="q", input=["a", "bbb"], top_n=1, return_documents=True, task_settings={"top_k": 2}
    )
    shared = {"model": "m", "query": "q", "documents": ["a", "bbb"], "truncation": True}
    assert {asked.path for asked in voyage.asked} == {"/v1/rerank"}
    assert [asked.json() for asked in voyage.asked[1:]] == [
        {**shared, "top_k": 5},
        {**shared, "top_k": 1, "return_documents": True},
    ]
    assert answer.body == {"rerank": [{"index": 1, "relevance_score": 0.5, "text": "bbb"}]}
    assert answer.meta.headers["x-headpond-tokens"] == "7"


def test_a_request_without_payment_is_refused(client: Elasticsearch, voyage: Provider) -> None:
    put(client, voyage)
    voyage.then(Reply(402, {"detail": "add a card"}))
    with pytest.raises(ApiError, match="Payment required for request") as caught:
        client.inference.text_embedding(inference_id="v", input="a")
    assert "add a card" in str(caught.value)
