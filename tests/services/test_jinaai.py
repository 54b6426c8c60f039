from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.jinaai import answer
from tests.services.provider import Provider, Reply


@pytest.fixture
def jina(provider: Provider) -> Provider:
    provider.always = answer
    return provider


def put(client: Elasticsearch, provider: Provider, task_type: str = "text_embedding", **options: Any) -> dict[str, Any]:
    settings = {"api_key": "hunter2", "model_id": "m", "url": provider.url, **options.pop("service_settings", {})}
    return client.inference.put_jinaai(
        task_type=task_type, jinaai_inference_id="j", service="jinaai", service_settings=settings, **options
    ).body


def test_settings_are_shown_in_order_with_their_defaults(client: Elasticsearch, jina: Provider) -> None:
    stored = put(client, jina, service_settings={"max_input_tokens": 100})
    assert list(stored["service_settings"].items()) == [
        ("model_id", "m"),
        ("url", jina.url),
        ("rate_limit", {"requests_per_minute": 2000}),
        ("dimensions", 3),
        ("embedding_type", "float"),
        ("max_input_tokens", 100),
        ("similarity", "dot_product"),
    ]
    ranking = client.inference.put_jinaai(
        task_type="rerank",
        jinaai_inference_id="r",
        service="jinaai",
        service_settings={"api_key": "k", "model_id": "m", "url": jina.url},
        task_settings={"top_n": 3},
    )
    assert ranking["service_settings"] == {
        "model_id": "m",
        "url": jina.url,
        "rate_limit": {"requests_per_minute": 2000},
    }
    assert ranking["task_settings"] == {"top_n": 3}


def test_the_embeddings_request_is_jinas(client: Elasticsearch, jina: Provider) -> None:
    put(client, jina, service_settings={"dimensions": 3}, task_settings={"late_chunking": True})
    client.inference.text_embedding(inference_id="j", input=["a", "bb"], input_type="ingest")
    asked = jina.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v1/embeddings")
    assert asked.json() == {
        "input": ["a", "bb"],
        "model": "m",
        "embedding_type": "float",
        "task": "retrieval.passage",
        "dimensions": 3,
        "late_chunking": True,
    }
    sent = {name: asked.headers[name] for name in ("authorization", "content-type", "request-source")}
    assert sent == {
        "authorization": "Bearer hunter2",
        "content-type": "application/json",
        "request-source": "unspecified:elasticsearch",
    }


def test_what_nobody_set_is_not_sent(client: Elasticsearch, jina: Provider) -> None:
    put(client, jina)
    answer = client.inference.text_embedding(inference_id="j", input="a")
    assert jina.asked[-1].json() == {"input": ["a"], "model": "m", "embedding_type": "float"}
    assert answer.meta.headers["x-headpond-tokens"] == "5"


@pytest.mark.parametrize(
    ("input_type", "task"),
    [
        ("ingest", "retrieval.passage"),
        ("search", "retrieval.query"),
        ("classification", "classification"),
        ("clustering", "separation"),
    ],
)
def test_input_types_are_tasks(client: Elasticsearch, jina: Provider, input_type: str, task: str) -> None:
    put(client, jina, task_settings={"input_type": input_type})
    client.inference.text_embedding(inference_id="j", input="a")
    client.inference.text_embedding(inference_id="j", input="a", input_type=input_type)
    client.inference.text_embedding(inference_id="j", input="a", input_type="search")
    client.inference.text_embedding(inference_id="j", input="a", task_settings={"input_type": "clustering"})
    assert [asked.json()["task"] for asked in jina.asked[1:]] == [task, task, "retrieval.query", "separation"]


def test_a_model_that_only_knows_queries_hears_of_no_other_task(client: Elasticsearch, jina: Provider) -> None:
    put(client, jina, service_settings={"model_id": "jina-clip-v2"})
    client.inference.text_embedding(inference_id="j", input="a", input_type="search")
    assert [asked.json().get("task") for asked in jina.asked] == [None, "retrieval.query"]


def test_late_chunking_is_off_where_the_words_do_not_fit_together(client: Elasticsearch, jina: Provider) -> None:
    put(client, jina, task_settings={"late_chunking": True})
    client.inference.text_embedding(inference_id="j", input=["word " * 5500])
    client.inference.text_embedding(inference_id="j", input=["word " * 5500, "more"])
    client.inference.text_embedding(inference_id="j", input="a", task_settings={"late_chunking": False})
    assert [asked.json()["late_chunking"] for asked in jina.asked[1:]] == [True, False, False]


@pytest.mark.parametrize("given", ["bit", "binary"])
def test_bits(client: Elasticsearch, jina: Provider, given: str) -> None:
    stored = put(client, jina, service_settings={"embedding_type": given})
    answer = client.inference.text_embedding(inference_id="j", input="abc")
    assert jina.asked[-1].json()["embedding_type"] == "binary"
    assert answer.body == {"text_embedding_bits": [{"embedding": [3, -1]}]}
    settings = stored["service_settings"]
    assert (settings["embedding_type"], settings["dimensions"], settings["similarity"]) == (given, 16, "l2_norm")


def test_a_number_that_is_no_byte_is_refused(client: Elasticsearch, jina: Provider) -> None:
    put(client, jina, service_settings={"embedding_type": "bit"})
    wrong = Reply(body={"data": [{"index": 0, "embedding": [128]}]})
    jina.then(wrong, wrong)
    with pytest.raises(ApiError, match=r"Value \[128\] is out of range for a byte"):
        client.inference.text_embedding(inference_id="j", input="a")


def test_the_rerank_request_is_jinas(client: Elasticsearch, jina: Provider) -> None:
    put(client, jina, "rerank", task_settings={"top_n": 5, "return_documents": False})
    client.inference.rerank(inference_id="j", query="q", input=["a", "bbb"])
    client.inference.rerank(inference_id="j", query="q", input=["a", "bbb"], task_settings={"top_n": 2})
    answer = client.inference.rerank(
        inference_id="j", query="q", input=["a", "bbb"], top_n=1, return_documents=True, task_settings={"top_n": 2}
    )
    shared = {"model": "m", "query": "q", "documents": ["a", "bbb"]}
    assert {asked.path for asked in jina.asked} == {"/v1/rerank"}
    assert [asked.json() for asked in jina.asked[1:]] == [
        {**shared, "top_n": 5, "return_documents": False},
        {**shared, "top_n": 2, "return_documents": False},
        {**shared, "top_n": 1, "return_documents": True},
    ]
    assert answer.body == {"rerank": [{"index": 1, "relevance_score": 0.5, "text": "bbb"}]}


@pytest.mark.parametrize(
    ("wanted", "shown"), [(None, "as it comes"), (True, "as it comes"), (False, None)], ids=["-", "yes", "no"]
)
def test_texts_are_shown_as_wanted(
    client: Elasticsearch, jina: Provider, wanted: bool | None, shown: str | None
) -> None:
    put(client, jina, "rerank")
    jina.then(Reply(body={"results": [{"index": 0, "relevance_score": 1, "document": {"text": "as it comes"}}]}))
    answer = client.inference.rerank(inference_id="j", query="q", input="a", return_documents=wanted)
    assert answer["rerank"][0].get("text") == shown


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        (
            [{"index": 0, "relevance_score": 1}, {"index": 0, "relevance_score": 1}],
            "The ranking holds [2] results about [1] of [2] documents",
        ),
        ([{"index": True, "relevance_score": 1}], "not about a document of the request"),
        ([{"index": 2, "relevance_score": 1}], "not about a document of the request"),
        ([{"index": 1, "relevance_score": "high"}], "not about a document of the request"),
        ([{"index": 1}], "Failed to find required field [relevance_score] in JinaAI rerank response"),
    ],
)
def test_what_is_no_ranking_is_refused(client: Elasticsearch, jina: Provider, results: list[Any], reason: str) -> None:
    put(client, jina, "rerank")
    jina.then(Reply(body={"results": results}), Reply(body={"results": results}))
    with pytest.raises(ApiError) as caught:
        client.inference.rerank(inference_id="j", query="q", input=["a", "b"])
    assert reason in caught.value.body["error"]["reason"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(400, {"detail": "no"}), "Received an input validation error response"),
        (
            Reply(422, {"detail": [{"loc": ["body", "input"], "msg": "no"}]}),
            "Received an input validation error response",
        ),
        (Reply(402, {"detail": "no"}), "Payment required"),
    ],
)
def test_jinas_own_statuses(client: Elasticsearch, jina: Provider, reply: Reply, reason: str) -> None:
    put(client, jina)
    jina.then(reply)
    with pytest.raises(ApiError) as caught:
        client.inference.text_embedding(inference_id="j", input="a")
    assert caught.value.meta.status == reply.status
    message = "body.input: no" if reply.status == 422 else "no"
    assert caught.value.body["error"]["reason"] == (
        f"{reason} for request from inference entity id [j] status [{reply.status}]. Error message: [{message}]"
    )


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/", "/v1/embeddings", "/proxy"])
def test_the_base_may_hold_some_of_the_path(client: Elasticsearch, jina: Provider, base: str) -> None:
    put(client, jina, service_settings={"url": jina.url + base})
    assert jina.asked[-1].path == ("/proxy/v1/embeddings" if base == "/proxy" else "/v1/embeddings")


def test_wrong_settings_are_named(client: Elasticsearch, jina: Provider) -> None:
    with pytest.raises(BadRequestError) as caught:
        put(client, jina, service_settings={"embedding_type": "byte", "dimensions": 0})
    assert caught.value.body["error"]["reason"] == (
        "Validation Failed: 1: [service_settings] Invalid value [byte] received. [embedding_type] must be one of"
        " [binary, bit, float];2: [service_settings] Invalid value [0]. [dimensions] must be a positive integer;"
    )
