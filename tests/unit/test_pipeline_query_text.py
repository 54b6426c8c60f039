from typing import Any

import pytest

from headpond.pipeline.query.text import query_text, without_ext

BODIES: list[tuple[dict[str, Any], str | None]] = [
    ({"retriever": {"linear": {"query": "mill", "fields": ["a"], "normalizer": "minmax"}}}, "mill"),
    ({"rank": {"rrf": {}}, "sub_searches": [{"query": {"match": {"a": "mill"}}}]}, "mill"),
    ({"query": {"match": {"body": "mill"}}}, "mill"),
    ({"query": {"match": {"body": {"query": "mill", "operator": "and"}}}}, "mill"),
    ({"query": {"multi_match": {"query": "mill", "fields": ["a"]}}}, "mill"),
    ({"query": {"bool": {"filter": [{"match": {"a": "no"}}], "must": [{"match": {"a": "yes"}}]}}}, "yes"),
    ({"query": {"bool": {"must_not": [{"match": {"a": "no"}}]}}}, None),
    ({"query": {"sparse_vector": {"field": "s", "inference_id": "e", "query": "mill"}}}, "mill"),
    ({"knn": {"query_vector_builder": {"text_embedding": {"model_id": "e", "model_text": "mill"}}}}, "mill"),
    ({"retriever": {"rrf": {"retrievers": [{"standard": {"query": {"match": {"a": "mill"}}}}]}}}, "mill"),
    (
        {"retriever": {"text_similarity_reranker": {"retriever": {"standard": {"query": {"match": {"a": "short"}}}},
                                                    "inference_text": "the whole question"}}},
        "the whole question",
    ),
    ({"query": {"match_all": {}}}, None),
    ({"query": {"term": {"a": "mill"}}}, None),
    ({"query": {"nested": {"path": "p", "query": {"match": {"p.text": "mill"}}}}}, "mill"),
    ({}, None),
    (
        {"query": {"match": {"a": "no"}}, "ext": {"rerank": {"query_context": {"query_text": "asked"}}}},
        "asked",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "text"), BODIES)
def test_the_words_asked_for_are_found(body: dict[str, Any], text: str | None) -> None:
    assert query_text(body) == text


def test_opensearchs_ext_is_taken_out_before_elasticsearch_sees_it() -> None:
    asked = {"rerank": {"query_context": {"query_text": "x"}}}
    assert without_ext({"size": 1, "ext": asked}) == {"size": 1}
    assert without_ext({"ext": {**asked, "other": {}}}) == {"ext": {"other": {}}}
    assert without_ext({"size": 1}) == {"size": 1}
