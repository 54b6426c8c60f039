"""Inference endpoints that speak as Elasticsearch expects, and stock servers of text-embeddings-inference."""

from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from tests.services.cases.hugging_face import embeddings, ranking, sparse
from tests.services.provider import Asked, Provider, Reply
from tests.services.published import answered, document, misfits, needs_schemas, sent

TEI = "text-embeddings-inference"
MOST = 32
"""Texts in a request that a stock server takes."""


def tei(asked: Asked) -> Reply:
    """Text-embeddings-inference as it comes; what it does not understand it refuses as its framework does, in words."""
    body, path = asked.json(), asked.path
    wanted = "texts" if path == "/rerank" else "inputs"
    if wanted not in body:
        text = f"Failed to deserialize the JSON body into the target type: missing field `{wanted}` at line 1 column 9"
        return Reply(422, text.encode(), {"content-type": "text/plain; charset=utf-8"})
    texts = body[wanted]
    if len(texts) > MOST:
        error = f"batch size {len(texts)} > maximum allowed batch size {MOST}"
        return Reply(422, {"error": error, "error_type": "Validation"})
    if path == "/embed":
        return embeddings(asked)
    if path == "/embed_sparse":
        return Reply(body=[[{"index": 1000 + len(text), "value": 0.5}, {"index": 7, "value": 0.0}] for text in texts])
    scores = [{"index": index, "score": len(text) / 100} for index, text in enumerate(texts)]
    return Reply(body=sorted(scores, key=lambda item: -item["score"]))


def put(client: Elasticsearch, provider: Provider, task_type: str, path: str = "", **more: Any) -> dict[str, Any]:
    settings = {"api_key": "hf_hunter2", "url": provider.url + path, **more.pop("service_settings", {})}
    config = {"service": "hugging_face", "service_settings": settings, **more}
    return dict(client.inference.put(task_type=task_type, inference_id="h", inference_config=config))


def test_embeddings_below_a_member_are_read(client: Elasticsearch, provider: Provider) -> None:
    provider.always = lambda asked: Reply(body={"embeddings": embeddings(asked).body})
    put(client, provider, "text_embedding")
    answer = client.inference.text_embedding(inference_id="h", input=["a", "bb"])
    assert answer["text_embedding"] == [{"embedding": [1.0, 1.0, 0.5]}, {"embedding": [2.0, 1.0, 0.5]}]


def test_sparse_embeddings(client: Elasticsearch, provider: Provider) -> None:
    provider.always = sparse
    stored = put(client, provider, "sparse_embedding", "/x")
    assert stored["service_settings"] == {
        "url": f"{provider.url}/x",
        "max_input_tokens": 512,
        "rate_limit": {"requests_per_minute": 3000},
    }
    answer = client.inference.sparse_embedding(inference_id="h", input=["ab", "c"])
    assert provider.asked[-1].json() == {"inputs": ["ab", "c"]}
    assert answer["sparse_embedding"] == [
        {"is_truncated": False, "embedding": {"a": 2.5}},
        {"is_truncated": False, "embedding": {"c": 1.5}},
    ]


def test_sparse_embeddings_say_which_texts_were_cut(client: Elasticsearch, provider: Provider) -> None:
    provider.always = sparse
    put(client, provider, "sparse_embedding")
    provider.asked.clear()
    provider.then(Reply(413, {"error": "too long"}))
    answer = client.inference.sparse_embedding(inference_id="h", input=["a" * 2000, ""])
    assert [[len(text) for text in asked.json()["inputs"]] for asked in provider.asked] == [[1536, 0], [768, 0]]
    assert [item["is_truncated"] for item in answer["sparse_embedding"]] == [True, False]


def test_a_sparse_model_has_no_settings_of_its_own(client: Elasticsearch, provider: Provider) -> None:
    with pytest.raises(BadRequestError, match=r"settings \[{max_input_tokens=9}\] unknown"):
        put(client, provider, "sparse_embedding", service_settings={"max_input_tokens": 9})


@pytest.mark.parametrize("body", [{"a": 1}, [5], [{"a": "b"}], [[{"index": 1}]], [[5]], []])
def test_sparse_nonsense_is_refused(client: Elasticsearch, provider: Provider, body: Any) -> None:
    provider.always = sparse
    put(client, provider, "sparse_embedding")
    provider.always = lambda asked: Reply(body=body)
    with pytest.raises(ApiError) as caught:
        client.inference.sparse_embedding(inference_id="h", input="a")
    assert caught.value.meta.status == 500


def test_rerank_as_elasticsearch_asks(client: Elasticsearch, provider: Provider) -> None:
    provider.always = ranking
    put(client, provider, "rerank", "/x", task_settings={"top_n": 5})
    answer = client.inference.rerank(inference_id="h", query="q", input=["a", "bbb"], top_n=1, return_documents=True)
    asked = provider.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/x")
    assert asked.json() == {"documents": ["a", "bbb"], "query": "q", "return_documents": True, "top_n": 1}
    assert asked.headers["authorization"] == "Bearer hf_hunter2"
    assert answer["rerank"] == [{"index": 1, "relevance_score": 0.5, "text": "bbb"}]


@pytest.mark.parametrize(
    "body",
    [
        [{"index": 1, "score": 0.1}, {"index": 0, "score": 0.9, "text": "a"}],
        [{"index": 1, "relevance_score": 0.1}, {"index": 0, "relevance_score": 0.9, "document": {"text": "a"}}],
    ],
)
def test_a_ranking_is_put_into_order_and_cut(client: Elasticsearch, provider: Provider, body: Any) -> None:
    provider.always = ranking
    put(client, provider, "rerank")
    provider.then(Reply(body=body))
    answer = client.inference.rerank(inference_id="h", query="q", input=["a", "bbb"], top_n=1)
    assert answer["rerank"] == [{"index": 0, "relevance_score": pytest.approx(0.9), "text": "a"}]


@pytest.mark.parametrize("body", [{"results": []}, 5, [5], [{"index": 9, "score": 1}], [{"index": 0}], []])
def test_a_ranking_that_is_none_is_refused(client: Elasticsearch, provider: Provider, body: Any) -> None:
    provider.always = ranking
    put(client, provider, "rerank")
    provider.always = lambda asked: Reply(body=body)
    with pytest.raises(ApiError) as caught:
        client.inference.rerank(inference_id="h", query="q", input=["a"])
    assert caught.value.meta.status == 500


def test_a_stock_server_embeds(client: Elasticsearch, provider: Provider) -> None:
    provider.always = tei
    put(client, provider, "text_embedding", "/embed")
    texts = ["x" * (1 + n % 5) for n in range(70)]
    answer = client.inference.text_embedding(inference_id="h", input=texts)
    assert [item["embedding"][0] for item in answer["text_embedding"]] == [len(text) for text in texts]
    assert [len(asked.json()["inputs"]) for asked in provider.asked[-3:]] == [32, 32, 6]


def test_a_stock_server_gives_sparse_embeddings(client: Elasticsearch, provider: Provider) -> None:
    provider.always = tei
    put(client, provider, "sparse_embedding", "/embed_sparse")
    answer = client.inference.sparse_embedding(inference_id="h", input=["a", "bb"])
    assert [item["embedding"] for item in answer["sparse_embedding"]] == [{"1001": 0.5}, {"1002": 0.5}]


def test_a_stock_server_ranks_in_its_own_words(client: Elasticsearch, provider: Provider) -> None:
    provider.always = tei
    put(client, provider, "rerank", "/rerank")
    assert [sorted(asked.json()) for asked in provider.asked] == [["documents", "query"], ["query", "texts"]]
    provider.asked.clear()
    answer = client.inference.rerank(inference_id="h", query="q", input=["a", "bbb"], return_documents=True, top_n=1)
    assert [asked.json() for asked in provider.asked] == [{"query": "q", "texts": ["a", "bbb"]}]
    assert answer["rerank"] == [{"index": 1, "relevance_score": pytest.approx(0.03), "text": "bbb"}]


def test_a_stock_server_ranks_more_documents_than_it_takes_at_once(client: Elasticsearch, provider: Provider) -> None:
    provider.always = tei
    put(client, provider, "rerank", "/rerank")
    provider.asked.clear()
    documents = ["x" * (1 + n * 7 % 50) for n in range(50)]
    answer = client.inference.rerank(inference_id="h", query="q", input=documents)
    assert [len(asked.json()["texts"]) for asked in provider.asked] == [32, 18]
    lengths = [len(documents[item["index"]]) for item in answer["rerank"]]
    assert lengths == sorted(map(len, documents), reverse=True)
    assert "text" not in answer["rerank"][0]


def test_another_422_is_told_as_it_was(client: Elasticsearch, provider: Provider) -> None:
    provider.always = ranking
    put(client, provider, "rerank")
    provider.always = lambda asked: Reply(422, {"error": f"no {'texts' if 'texts' in asked.json() else 'way'}"})
    with pytest.raises(ApiError) as caught:
        client.inference.rerank(inference_id="h", query="q", input=["a"])
    assert caught.value.meta.status == 422
    assert str(caught.value.body["error"]["reason"]).endswith("Error message: [no way]")
    provider.always = ranking
    client.inference.rerank(inference_id="h", query="q", input=["a"])
    assert "documents" in provider.asked[-1].json()


def test_a_failure_of_the_second_try_is_told(client: Elasticsearch, provider: Provider) -> None:
    provider.always = ranking
    put(client, provider, "rerank")
    provider.always = lambda asked: Reply(401 if "texts" in asked.json() else 422, {"error": "no"})
    with pytest.raises(ApiError) as caught:
        client.inference.rerank(inference_id="h", query="q", input=["a"])
    assert caught.value.meta.status == 401


@needs_schemas
@pytest.mark.parametrize(
    ("task_type", "path"),
    [("text_embedding", "/embed"), ("sparse_embedding", "/embed_sparse"), ("rerank", "/rerank")],
)
def test_what_stock_servers_get_and_give_fits_their_schema(
    client: Elasticsearch, provider: Provider, task_type: str, path: str
) -> None:
    provider.always = tei
    put(client, provider, task_type, path)
    provider.asked.clear()
    query = {"query": "q"} if task_type == "rerank" else {}
    client.inference.inference(inference_id="h", input=["a", "bb"], **query)
    assert provider.asked
    for asked in provider.asked:
        assert misfits(document(TEI), sent(TEI, path), asked.json()) == []
        assert misfits(document(TEI), answered(TEI, path), tei(asked).body) == []


def test_the_address_is_required_and_not_the_model(client: Elasticsearch) -> None:
    config = {"service": "hugging_face", "service_settings": {"api_key": "k"}}
    with pytest.raises(BadRequestError) as caught:
        client.inference.put(task_type="completion", inference_id="h", inference_config=config)
    assert caught.value.body["error"]["reason"] == (
        "Validation Failed: 1: [service_settings] does not contain the required setting [url];"
    )
