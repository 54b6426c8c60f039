"""`rank`, which came before retrievers."""

from __future__ import annotations

from typing import Any

import pytest

from headpond.errors import PipelineError
from headpond.pipeline.query.retrieve.section import with_retriever

WORDS = {"match": {"a": "x"}}
NEAR = {"field": "v", "query_vector": [1], "k": 5, "num_candidates": 10}


def test_a_query_and_vectors_are_legs() -> None:
    body = {"query": WORDS, "knn": [NEAR, {"field": "w", "query_vector": [2]}], "rank": {"rrf": {"window_size": 50}},
            "_source": False}  # fmt: skip
    legs = [
        {"standard": {"query": WORDS}},
        {"knn": NEAR},
        {"knn": {"field": "w", "query_vector": [2], "k": 10, "num_candidates": 15}},
    ]
    retriever = {"rrf": {"rank_window_size": 50, "retrievers": legs}}
    assert with_retriever(body) == {"_source": False, "size": 10, "retriever": retriever}


def test_sub_searches_are_legs() -> None:
    body = {"sub_searches": [{"query": WORDS}, {"query": {"match_all": {}}}], "rank": {"rrf": {}}, "size": 3}
    legs = [{"standard": {"query": WORDS}}, {"standard": {"query": {"match_all": {}}}}]
    assert with_retriever(body) == {"size": 3, "retriever": {"rrf": {"rank_window_size": 10, "retrievers": legs}}}


def test_other_bodies_stay_as_they_are() -> None:
    body = {"query": WORDS, "knn": NEAR}
    assert with_retriever(body) is body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"rank": {"rrf": {}}, "query": WORDS}, r"requires a minimum of \[2\] result sets"),
        ({"rank": {"linear": {}}, "query": WORDS, "knn": NEAR}, r"\[rank\] knows \[rrf\] alone"),
        ({"rank": {"rrf": {"constant": 1}}, "query": WORDS, "knn": NEAR}, r"\[rrf\] unknown field \[constant\]"),
        ({"rank": {"rrf": {}}, "retriever": {}}, r"cannot specify \[retriever\] and \[rank\]"),
        ({"sub_searches": [{"query": WORDS}]}, r"\[sub_searches\] requires \[rank\]"),
        ({"rank": {"rrf": {}}, "query": WORDS, "sub_searches": []}, r"field \[query\] and field \[sub_searches\]"),
    ],
)
def test_what_makes_no_sense_is_refused(body: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        with_retriever(body)
