"""Retrievers that join others, and the texts they send to inference endpoints."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.node.search_client import fill, found, pond

TEXTS = [
    "the mill by the river",
    "a river in winter",
    "the old mill and the pond",
    "winter songs",
    "nothing of the kind",
]
MATCH = {"standard": {"query": {"match": {"text": "mill river"}}}}
SPARSE = {"standard": {"query": {"sparse_vector": {"field": "s", "inference_id": "sparse", "query": "old pond"}}}}
KNN = {
    "knn": {
        "field": "v",
        "k": 3,
        "num_candidates": 10,
        "query_vector_builder": {"text_embedding": {"model_id": "dense", "model_text": "old mill"}},
    }
}


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with pond() as client:
        for name, task_type in (("dense", "text_embedding"), ("sparse", "sparse_embedding"), ("rerank", "rerank")):
            settings = {"dimensions": 64} if name == "dense" else {}
            config = {"service": "fake", "service_settings": settings}
            client.inference.put(inference_id=name, task_type=task_type, inference_config=config)
        dense = client.inference.text_embedding(inference_id="dense", input=TEXTS)["text_embedding"]
        sparse = client.inference.sparse_embedding(inference_id="sparse", input=TEXTS)["sparse_embedding"]
        documents: list[dict[str, Any]] = [
            {"text": text, "v": vector["embedding"], "s": tokens["embedding"], "n": number}
            for number, (text, vector, tokens) in enumerate(zip(TEXTS, dense, sparse, strict=True))
        ]
        documents.append({"other": "no text at all", "n": 9})
        properties = {
            "text": {"type": "text"},
            "v": {"type": "dense_vector", "dims": 64},
            "s": {"type": "sparse_vector"},
            "n": {"type": "integer"},
        }
        fill(client, properties, documents, segments=2)
        yield client


def ranked(client: Elasticsearch, retriever: dict[str, Any], **body: Any) -> dict[str, float]:
    answer = client.search(index="i", body={"retriever": retriever, "_source": False, **body})
    return {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]}


def test_a_query_text_is_embedded_by_the_endpoint(client: Elasticsearch) -> None:
    vector = client.inference.text_embedding(inference_id="dense", input="old mill", input_type="search")
    given = {**KNN["knn"], "query_vector": vector["text_embedding"][0]["embedding"]}
    del given["query_vector_builder"]
    assert ranked(client, KNN) == pytest.approx(ranked(client, {"knn": given}))
    body = {name: value for name, value in KNN["knn"].items() if name != "k"}
    assert list(found(client, query={"knn": {**body, "k": 1}})) == list(ranked(client, KNN))[:1]


def test_a_sparse_query_text_is_weighed_by_the_endpoint(client: Elasticsearch) -> None:
    assert list(ranked(client, SPARSE)) == ["2"]


def test_rrf_orders_equal_scores_by_document(client: Elasticsearch) -> None:
    first = {"standard": {"query": {"term": {"n": 4}}}}
    second = {"standard": {"query": {"term": {"n": 1}}}}
    assert list(ranked(client, {"rrf": {"retrievers": [first, second]}})) == ["1", "4"]


def test_rrf_without_a_size_shows_its_window(client: Elasticsearch) -> None:
    everything = {"standard": {"query": {"match_all": {}}}}
    assert len(ranked(client, {"rrf": {"retrievers": [everything], "rank_window_size": 3}})) == 3
    answer = client.search(index="i", retriever={"rrf": {"retrievers": [everything], "rank_window_size": 3}})
    assert answer["hits"]["total"]["value"] == 6


def test_linear_takes_the_normalizer_of_the_top_where_a_leg_has_none(client: Elasticsearch) -> None:
    legs = [{"retriever": MATCH, "weight": 2}, {"retriever": KNN, "normalizer": "none"}]
    answer = ranked(client, {"linear": {"retrievers": legs, "normalizer": "minmax"}})
    words, near = ranked(client, MATCH), ranked(client, KNN)
    low, high = min(words.values()), max(words.values())
    expected = {
        key: (2 * (words[key] - low) / (high - low) if key in words else 0) + near.get(key, 0)
        for key in {*words, *near}
    }
    assert answer == {key: pytest.approx(score, rel=1e-5, abs=1e-6) for key, score in expected.items()}


def test_a_reranker_orders_by_the_endpoint_and_keeps_scores_positive(client: Elasticsearch) -> None:
    retriever = {
        "text_similarity_reranker": {
            "retriever": {"standard": {"query": {"match_all": {}}}},
            "inference_id": "rerank",
            "inference_text": "winter river",
            "field": "text",
        }
    }
    raw = client.inference.rerank(inference_id="rerank", query="winter river", input=TEXTS)["rerank"]
    expected = {str(item["index"]): item["relevance_score"] for item in raw}
    answer = ranked(client, retriever)
    assert next(iter(answer)) == "1"
    assert answer == {key: pytest.approx(max(score, 0) + min(math.exp(score), 1)) for key, score in expected.items()}, (
        "documents without the field are left out"
    )


def test_a_reranker_looks_at_its_window_only_and_applies_its_min_score(client: Elasticsearch) -> None:
    body = {"retriever": MATCH, "inference_id": "rerank", "inference_text": "winter river", "field": "text"}
    assert set(ranked(client, {"text_similarity_reranker": body})) == set(ranked(client, MATCH))
    few = {**body, "rank_window_size": 1}
    assert set(ranked(client, {"text_similarity_reranker": few}, size=1)) == set(list(ranked(client, MATCH))[:1])
    strict = {**body, "min_score": 0.9}
    assert list(ranked(client, {"text_similarity_reranker": strict})) == ["1"]


def test_a_failing_reranker_fails_the_search_unless_that_is_allowed(client: Elasticsearch) -> None:
    body = {"retriever": MATCH, "inference_id": "not-there", "inference_text": "x", "field": "text"}
    with pytest.raises(ApiError) as caught:
        ranked(client, {"text_similarity_reranker": body})
    assert caught.value.status_code == 404
    assert caught.value.body["error"]["root_cause"][0]["reason"] == "Inference endpoint not found [not-there]"
    allowed = {**body, "allow_rerank_failures": True}
    assert list(ranked(client, {"text_similarity_reranker": allowed})) == list(ranked(client, MATCH))


def test_compound_retrievers_nest_and_pass_their_filters_down(client: Elasticsearch) -> None:
    inner = {"rrf": {"retrievers": [MATCH, KNN], "rank_window_size": 10}}
    outer = {"linear": {"retrievers": [{"retriever": inner}, {"retriever": SPARSE}]}}
    assert set(ranked(client, outer)) == {*ranked(client, inner), *ranked(client, SPARSE)}
    filtered = {"linear": {**outer["linear"], "filter": {"range": {"n": {"gte": 2}}}}}
    assert set(ranked(client, filtered)) <= {"2", "3", "4"}
    assert ranked(client, filtered)


def test_a_rescorer_scores_the_best_again(client: Elasticsearch) -> None:
    rescore = {"window_size": 2, "query": {"rescore_query": {"match": {"text": "pond"}}}}
    answer = ranked(client, {"rescorer": {"retriever": MATCH, "rescore": rescore}})
    assert len(answer) == 2
    pond_score = found(client, query={"match": {"text": "pond"}})["2"]
    before = ranked(client, MATCH)
    assert answer.get("2", before["2"]) == pytest.approx(before["2"] + (pond_score if "2" in answer else 0))


def test_names_of_retrievers_are_reported_with_their_hits(client: Elasticsearch) -> None:
    words = {"standard": {**MATCH["standard"], "_name": "words"}}
    near = {"knn": {**KNN["knn"], "_name": "near"}}
    answer = client.search(index="i", retriever={"rrf": {"retrievers": [words, near], "_name": "both"}}, source=False)
    for hit in answer["hits"]["hits"]:
        expected = ["words"] * (hit["_id"] in ranked(client, words)) + ["near"] * (hit["_id"] in ranked(client, near))
        assert hit["matched_queries"] == [*expected, "both"]


WRONG = {
    "window-below-size": (
        {"rrf": {"retrievers": [MATCH], "rank_window_size": 2}},
        "be greater than or equal to [size: 5]",
    ),
    "window-below-a-childs": (
        {"rrf": {"retrievers": [{"rrf": {"retrievers": [MATCH], "rank_window_size": 5}}], "rank_window_size": 6}},
        "requires [rank_window_size: 6] to be smaller than or equal to its sub retriever's rrf [rank_window_size: 5]",
    ),
    "no-children": ({"rrf": {"retrievers": []}}, "[rrf] must provide [retrievers] or [query]"),
    "constant": ({"rrf": {"retrievers": [MATCH], "rank_constant": 0}}, "must be greater or equal to [1]"),
    "normalizer": ({"linear": {"retrievers": [{"retriever": MATCH, "normalizer": "max"}]}}, "Unknown normalizer [max]"),
    "weight": ({"linear": {"retrievers": [{"retriever": MATCH, "weight": -1}]}}, "[weight] must be non-negative"),
    "text": ({"text_similarity_reranker": {"retriever": MATCH, "field": "text"}}, "Required [inference_text]"),
    "search-after": (
        {"rrf": {"retrievers": [{"standard": {"sort": ["n"], "search_after": [1]}}]}},
        "[search_after] cannot be used in children of compound retrievers",
    ),
    "child-fails": (
        {"rrf": {"retrievers": [{"standard": {"query": {"term": {"n": "x"}}}}]}},
        "[rrf] search failed - retrievers '[standard]' returned errors.",
    ),
}


@pytest.mark.parametrize(("retriever", "reason"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_compound_retriever_is_refused(client: Elasticsearch, retriever: dict[str, Any], reason: str) -> None:
    with pytest.raises(ApiError) as caught:
        ranked(client, retriever, size=5)
    assert caught.value.status_code == 400
    assert reason in str(caught.value.body)


MISSING = {
    "fields": {"rrf": {"fields": ["text"], "query": "mill"}},
    "chunks": {
        "text_similarity_reranker": {"retriever": MATCH, "field": "text", "inference_text": "x", "chunk_rescorer": {}}
    },
    "pinned": {"pinned": {"ids": ["1"], "retriever": MATCH}},
}


@pytest.mark.parametrize("retriever", MISSING.values(), ids=MISSING.keys())
def test_what_retrievers_lack_is_said(client: Elasticsearch, retriever: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        ranked(client, retriever)
    assert caught.value.status_code == 501
    assert "is not implemented" in str(caught.value.body)


@pytest.mark.parametrize("member", [{"inner_hits": {"name": "x"}}, {}])
def test_collapse_beside_a_compound_retriever_is_refused(client: Elasticsearch, member: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        client.search(index="i", retriever={"rrf": {"retrievers": [MATCH, KNN]}}, collapse={"field": "v", **member})
    assert caught.value.meta.status == 501
