from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.alibabacloud_ai_search import answer
from tests.services.provider import Provider, Reply

WORKSPACE = "/v3/openapi/workspaces/my%20space"


@pytest.fixture
def alibaba(provider: Provider) -> Provider:
    provider.always = answer
    return provider


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> dict[str, Any]:
    settings = {
        "api_key": "hunter2",
        "service_id": "ops-m",
        "host": provider.url.removeprefix("http://"),
        "http_schema": "http",
        "workspace": "my space",
        **options.pop("service_settings", {}),
    }
    return client.inference.put_alibabacloud(
        task_type=task_type,
        alibabacloud_inference_id="a",
        service="alibabacloud-ai-search",
        service_settings=settings,
        **options,
    ).body


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, alibaba: Provider) -> None:
    stored = put(client, alibaba, service_settings={"max_input_tokens": 9})
    assert stored["service"] == "alibabacloud-ai-search"
    assert list(stored["service_settings"].items()) == [
        ("service_id", "ops-m"),
        ("host", alibaba.url.removeprefix("http://")),
        ("workspace", "my space"),
        ("http_schema", "http"),
        ("rate_limit", {"requests_per_minute": 1000}),
        ("similarity", "dot_product"),
        ("dimensions", 3),
        ("max_input_tokens", 9),
    ]


def test_another_server_may_stand_in(client: Elasticsearch, alibaba: Provider) -> None:
    away = {"host": "default.platform.aliyuncs.com", "http_schema": None, "url": f"{alibaba.url}/x"}
    stored = put(client, alibaba, service_settings=away)
    assert "http_schema" not in stored["service_settings"]
    assert alibaba.asked[-1].path == f"/x{WORKSPACE}/text-embedding/ops-m"


def test_the_embeddings_request(client: Elasticsearch, alibaba: Provider) -> None:
    put(client, alibaba, task_settings={"input_type": "ingest"})
    answer = client.inference.text_embedding(inference_id="a", input=["a", "bb"])
    client.inference.text_embedding(inference_id="a", input="a", input_type="search")
    assert [(asked.method, asked.path, asked.json()) for asked in alibaba.asked[1:]] == [
        ("POST", f"{WORKSPACE}/text-embedding/ops-m", {"input": ["a", "bb"], "input_type": "document"}),
        ("POST", f"{WORKSPACE}/text-embedding/ops-m", {"input": ["a"], "input_type": "query"}),
    ]
    assert alibaba.asked[-1].headers["authorization"] == "Bearer hunter2"
    assert answer["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]
    assert answer.meta.headers["x-headpond-tokens"] == "11"
    with pytest.raises(BadRequestError, match=r"\[clustering\] is not supported for \[AlibabaCloud AI Search\]"):
        client.inference.text_embedding(inference_id="a", input="a", input_type="clustering")


def test_sparse_vectors_hold_what_an_index_can_hold(client: Elasticsearch, alibaba: Provider) -> None:
    put(client, alibaba, "sparse_embedding", task_settings={"return_token": True, "input_type": "search"})
    entries = [
        {"token_id": 6, "weight": 0.5, "token": ""},
        {"token_id": 7, "weight": 0.25, "token": "a.b"},
        {"token_id": 8, "weight": -1, "token": "c"},
        {"token_id": 9, "weight": 0.25, "token": "科学"},
        {"token_id": 10, "weight": 1},
    ]
    alibaba.then(Reply(body={"result": {"sparse_embeddings": [{"index": 0, "embedding": entries}]}}))
    answer = client.inference.sparse_embedding(inference_id="a", input="x")
    assert alibaba.asked[-1].path == f"{WORKSPACE}/text-sparse-embedding/ops-m"
    assert alibaba.asked[-1].json() == {"input": ["x"], "input_type": "query", "return_token": True}
    assert answer["sparse_embedding"] == [{"is_truncated": False, "embedding": {"科学": 0.25, "10": 1.0}}]


def test_what_the_provider_does_not_do_for_a_ranking_is_done_here(client: Elasticsearch, alibaba: Provider) -> None:
    put(client, alibaba, "rerank")
    answer = client.inference.rerank(inference_id="a", query="q", input=["a", "bbb"], top_n=1, return_documents=True)
    assert alibaba.asked[-1].path == f"{WORKSPACE}/ranker/ops-m"
    assert alibaba.asked[-1].json() == {"query": "q", "docs": ["a", "bbb"]}
    assert answer.body == {"rerank": [{"index": 1, "relevance_score": 0.5, "text": "bbb"}]}


def test_a_completion_may_be_a_conversation(client: Elasticsearch, alibaba: Provider) -> None:
    put(client, alibaba, "completion", task_settings={"parameters": {"temperature": 0.5}})
    answer = client.inference.completion(inference_id="a", input=["one", "two", "three"])
    assert alibaba.asked[-1].path == f"{WORKSPACE}/text-generation/ops-m"
    assert alibaba.asked[-1].json() == {
        "messages": [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"},
        ],
        "parameters": {"temperature": 0.5},
    }
    assert answer.body == {"completion": [{"result": "three"}]}
    assert answer.meta.headers["x-headpond-tokens"] == "5"
    with pytest.raises(BadRequestError, match="Alibaba Completion's inputs must be an odd number"):
        client.inference.completion(inference_id="a", input=["one", "two"])


def test_wrong_settings_are_named_together(client: Elasticsearch, alibaba: Provider) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, alibaba, service_settings={"host": "https://x/y", "http_schema": "ftp", "workspace": " "})
    assert caught.value.body["error"]["reason"] == (
        "Validation Failed: 1: [service_settings] Invalid value [https://x/y] received. [host] must be a host, without"
        " schema and path;2: Invalid value for [http_schema]. Must be one of [https, http];3: [service_settings]"
        " Invalid value empty string. [workspace] must be a non-empty string;"
    )


def test_the_providers_message_is_passed_on(client: Elasticsearch, alibaba: Provider) -> None:
    put(client, alibaba)
    alibaba.then(Reply(400, {"code": "InvalidParameter", "message": "JSON parse error"}))
    with pytest.raises(ApiError, match="Received a bad request status code") as caught:
        client.inference.text_embedding(inference_id="a", input="x")
    assert "Error message: [JSON parse error]" in str(caught.value)
