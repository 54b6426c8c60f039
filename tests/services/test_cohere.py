from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.provider import Provider, Reply


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> dict[str, Any]:
    settings = {"api_key": "hunter2", "model_id": "m", "url": provider.url, **options.pop("service_settings", {})}
    config = {"service": "cohere", "service_settings": settings, **options}
    return dict(client.inference.put(task_type=task_type, inference_id="c", inference_config=config))


def test_put_learns_dimensions_and_shows_the_element_type(client: Elasticsearch, cohere: Provider) -> None:
    stored = put(client, cohere)
    assert stored["service_settings"] == {
        "url": cohere.url,
        "similarity": "dot_product",
        "dimensions": 3,
        "model_id": "m",
        "rate_limit": {"requests_per_minute": 10000},
        "embedding_type": "float",
    }
    assert list(stored["service_settings"])[-1] == "embedding_type"


def test_the_embed_request_is_cohere_v2(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere, task_settings={"truncate": "END"})
    client.inference.text_embedding(inference_id="c", input=["a"], input_type="ingest")
    asked = cohere.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v2/embed")
    assert asked.body == (
        b'{"texts":["a"],"model":"m","input_type":"search_document","embedding_types":["float"],"truncate":"END"}'
    )
    assert asked.headers["authorization"] == "Bearer hunter2"
    assert asked.headers["request-source"] == "unspecified:elasticsearch"


@pytest.mark.parametrize(
    ("input_type", "sent"),
    [
        ("ingest", "search_document"),
        ("search", "search_query"),
        ("classification", "classification"),
        ("clustering", "clustering"),
        (None, "search_query"),
        ("unspecified", "search_query"),
    ],
)
def test_input_types_have_coheres_names(
    client: Elasticsearch, cohere: Provider, input_type: str | None, sent: str
) -> None:
    put(client, cohere)
    client.inference.text_embedding(inference_id="c", input="a", input_type=input_type)
    assert cohere.asked[-1].json()["input_type"] == sent


def test_the_requests_input_type_wins_over_the_endpoints(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere, task_settings={"input_type": "clustering"})
    client.inference.text_embedding(inference_id="c", input="a")
    client.inference.text_embedding(inference_id="c", input="a", task_settings={"input_type": "classification"})
    client.inference.text_embedding(inference_id="c", input="a", input_type="search")
    assert [asked.json()["input_type"] for asked in cohere.asked[1:]] == [
        "clustering",
        "classification",
        "search_query",
    ]


@pytest.mark.parametrize(
    ("given", "wire", "shown", "key", "dimensions"),
    [
        ("byte", "int8", "byte", "text_embedding_bytes", 2),
        ("int8", "int8", "byte", "text_embedding_bytes", 2),
        ("bit", "binary", "bit", "text_embedding_bits", 16),
        ("binary", "binary", "bit", "text_embedding_bits", 16),
    ],
)
def test_element_types(
    client: Elasticsearch, cohere: Provider, given: str, wire: str, shown: str, key: str, dimensions: int
) -> None:
    stored = put(client, cohere, service_settings={"embedding_type": given})
    answer = client.inference.text_embedding(inference_id="c", input="abc")
    assert cohere.asked[-1].json()["embedding_types"] == [wire]
    assert answer.body == {key: [{"embedding": [3, -1]}]}
    settings = stored["service_settings"]
    assert (settings["embedding_type"], settings["dimensions"]) == (shown, dimensions)


def test_a_byte_out_of_range_is_refused(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere, service_settings={"embedding_type": "byte"})
    answer = Reply(body={"embeddings": {"int8": [[300, 1]]}})
    cohere.then(answer, answer)
    with pytest.raises(ApiError, match=r"Value \[300\] is out of range for a byte"):
        client.inference.text_embedding(inference_id="c", input="a")


def test_the_bare_array_of_older_servers_is_read(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere)
    cohere.then(Reply(body={"embeddings": [[1, 2]]}))
    answer = client.inference.text_embedding(inference_id="c", input="a")
    assert answer["text_embedding"] == [{"embedding": [1.0, 2.0]}]


def test_more_than_96_texts_are_sent_in_several_requests(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere)
    answer = client.inference.text_embedding(inference_id="c", input=["x" * (n % 5 + 1) for n in range(200)])
    assert [len(asked.json()["texts"]) for asked in cohere.asked[1:]] == [96, 96, 8]
    assert [item["embedding"][0] for item in answer["text_embedding"]] == [n % 5 + 1 for n in range(200)]
    assert answer.meta.headers["x-headpond-tokens"] == "9"


def test_the_rerank_request_is_cohere_v2(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere, "rerank", task_settings={"top_n": 5, "max_chunks_per_doc": 2})
    client.inference.rerank(inference_id="c", query="q", input=["a", "bbb"], return_documents=True, top_n=1)
    asked = cohere.asked[-1]
    assert asked.path == "/v2/rerank"
    assert asked.body == (
        b'{"model":"m","query":"q","documents":["a","bbb"],"return_documents":true,"top_n":1,"max_chunks_per_doc":2}'
    )


def test_rerank_keeps_the_providers_order_and_fills_in_the_texts(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere, "rerank")
    answer = client.inference.rerank(inference_id="c", query="q", input=["a", "bbb", "cc"], return_documents=True)
    assert answer.body == {
        "rerank": [
            {"index": 1, "relevance_score": 0.5, "text": "bbb"},
            {"index": 2, "relevance_score": 0.25, "text": "cc"},
            {"index": 0, "relevance_score": 0.125, "text": "a"},
        ]
    }


def test_rerank_leaves_the_texts_out_unless_asked(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere, "rerank")
    answer = client.inference.rerank(inference_id="c", query="q", input=["a"])
    assert answer.body == {"rerank": [{"index": 0, "relevance_score": 0.5}]}


def test_a_result_about_no_document_is_refused(client: Elasticsearch, cohere: Provider) -> None:
    put(client, cohere, "rerank")
    wrong = Reply(body={"results": [{"index": 7, "relevance_score": 0.5}]})
    cohere.then(wrong, wrong)
    with pytest.raises(ApiError, match="not about a document of the request"):
        client.inference.rerank(inference_id="c", query="q", input=["a"])


def test_a_model_is_required(client: Elasticsearch) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(
            inference_id="c",
            task_type="rerank",
            inference_config={"service": "cohere", "service_settings": {"api_key": "k"}},
        )
    assert caught.value.body["error"]["reason"] == (
        "Validation Failed: 1: The [service_settings.model_id] field is required for the Cohere V2 API.;"
    )


def test_sparse_embedding_is_not_something_cohere_does(client: Elasticsearch, cohere: Provider) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, cohere, "sparse_embedding")
    assert caught.value.body["error"]["reason"] == (
        "The [cohere] service does not support task type [sparse_embedding]"
    )
