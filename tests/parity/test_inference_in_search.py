"""Searches that call an endpoint; the published distribution has none, so these follow the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids, scores
from tests.parity.refusal import refusal

pytestmark = pytest.mark.pond_only("the published distribution has no inference API")

TEXTS = {
    "mill": "a river turns the wheel of the mill",
    "dam": "a dam holds the water of the river back",
    "cat": "a cat sleeps for most of the day",
}
QUESTION = "the wheel of a mill"


@pytest.fixture(scope="module")
def endpoints(es: Elasticsearch) -> Iterator[None]:
    """An endpoint of each kind, served by the fake service."""
    kinds = {"parity-dense": "text_embedding", "parity-sparse": "sparse_embedding", "parity-rerank": "rerank"}
    for name, kind in kinds.items():
        settings = {"dimensions": 16} if kind == "text_embedding" else {}
        body = {"service": "fake", "service_settings": settings}
        es.inference.put(inference_id=name, task_type=kind, inference_config=body)
    yield
    for name in kinds:
        es.inference.delete(inference_id=name)


@pytest.fixture
def texts(es: Elasticsearch, make_index: MakeIndex, endpoints: None) -> str:
    """Three texts with the vectors of the endpoints."""
    order = list(TEXTS)
    dense = es.inference.inference(inference_id="parity-dense", input=list(TEXTS.values()))["text_embedding"]
    sparse = es.inference.inference(inference_id="parity-sparse", input=list(TEXTS.values()))["sparse_embedding"]
    vector = {"type": "dense_vector", "dims": 16, "index_options": {"type": "flat"}}
    return make_index(
        {"properties": {"text": {"type": "text"}, "v": vector, "s": {"type": "sparse_vector"}}},
        {
            key: {"text": TEXTS[key], "v": dense[at]["embedding"], "s": sparse[at]["embedding"]}
            for at, key in enumerate(order)
        },
    )


def builder(model_id: str = "parity-dense") -> dict[str, Any]:
    return {"text_embedding": {"model_id": model_id, "model_text": QUESTION}}


def test_a_query_vector_is_built_from_text(es: Elasticsearch, texts: str):
    vector = es.inference.inference(inference_id="parity-dense", input=QUESTION, input_type="search")
    knn: dict[str, Any] = {"field": "v", "k": 3, "num_candidates": 3}
    built = es.search(index=texts, knn={**knn, "query_vector_builder": builder()})
    given = es.search(index=texts, knn={**knn, "query_vector": vector["text_embedding"][0]["embedding"]})
    assert ids(built)[0] == "mill"
    assert scores(built) == pytest.approx(scores(given))


def test_a_query_vector_is_built_in_a_retriever_and_in_a_query(es: Elasticsearch, texts: str):
    knn = {"field": "v", "k": 3, "num_candidates": 3, "query_vector_builder": builder()}
    expected = scores(es.search(index=texts, knn=knn))
    assert scores(es.search(index=texts, retriever={"knn": knn})) == pytest.approx(expected)
    assert scores(es.search(index=texts, query={"knn": knn})) == pytest.approx(expected)


def test_a_sparse_query_is_expanded_by_an_endpoint(es: Elasticsearch, texts: str):
    query = {"sparse_vector": {"field": "s", "inference_id": "parity-sparse", "query": QUESTION}}
    assert ids(es.search(index=texts, query=query))[0] == "mill"


def test_a_reranker_gives_the_hits_its_own_scores(es: Elasticsearch, texts: str):
    inner = {"standard": {"query": {"match": {"text": "the river"}}}}
    retriever = {
        "text_similarity_reranker": {
            "retriever": inner,
            "field": "text",
            "inference_id": "parity-rerank",
            "inference_text": QUESTION,
            "rank_window_size": 10,
        }
    }
    answer = es.search(index=texts, retriever=retriever)
    found = ids(es.search(index=texts, retriever=inner))
    judged = es.inference.inference(inference_id="parity-rerank", query=QUESTION, input=[TEXTS[key] for key in found])
    # max(score, 0) + min(exp(score), 1) keeps scores above zero; for a score above zero that is one more.
    expected = {found[one["index"]]: 1 + one["relevance_score"] for one in judged["rerank"]}
    assert scores(answer) == pytest.approx(expected, rel=1e-5)
    assert ids(answer)[0] == "mill"


def test_a_reranker_drops_hits_below_its_least_score(es: Elasticsearch, texts: str):
    reranker = {
        "retriever": {"standard": {"query": {"match_all": {}}}},
        "field": "text",
        "inference_id": "parity-rerank",
        "inference_text": QUESTION,
    }
    assert len(ids(es.search(index=texts, retriever={"text_similarity_reranker": reranker}))) == len(TEXTS)
    # It is compared with what the endpoint says.
    answer = es.search(index=texts, retriever={"text_similarity_reranker": {**reranker, "min_score": 0.9}})
    assert ids(answer) == ["mill"]


def test_a_missing_endpoint_is_refused(es: Elasticsearch, texts: str):
    knn = {"field": "v", "k": 3, "num_candidates": 3, "query_vector_builder": builder("parity-nobody")}
    answer = refusal(es.search, index=texts, knn=knn)
    assert answer["status"] in (400, 404)
    assert "parity-nobody" in str(answer["body"])


def test_an_endpoint_of_another_kind_is_refused(es: Elasticsearch, texts: str):
    knn = {"field": "v", "k": 3, "num_candidates": 3, "query_vector_builder": builder("parity-rerank")}
    assert refusal(es.search, index=texts, knn=knn)["status"] == 400


def test_a_builder_beside_a_vector_is_refused(es: Elasticsearch, texts: str):
    knn = {"field": "v", "k": 1, "query_vector": [0.0] * 16, "query_vector_builder": builder()}
    answer = refusal(es.search, index=texts, body={"knn": {**knn, "num_candidates": 3}})
    assert answer["status"] == 400
    assert "[query_vector_builder]" in answer["body"]["error"]["reason"]
