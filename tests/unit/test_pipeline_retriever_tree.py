from __future__ import annotations

from typing import Any

import pytest

from headpond.errors import PipelineError
from headpond.stages.filter import with_filter
from headpond.pipeline.query.retrieve.tree import Leaf, Node, is_compound, leaves, parse
from headpond.stages.where import Where

WHERE = Where("p.yaml").at("retriever")
WORDS = {"standard": {"query": {"match": {"a": "x"}}}}
NEAR = {"knn": {"field": "v", "query_vector": [1], "k": 5, "num_candidates": 10}}
TERM = {"term": {"kind": "y"}}


def tree(retriever: dict[str, Any]) -> Node:
    parsed = parse(retriever, WHERE, 10)
    assert isinstance(parsed, Node)
    return parsed


def test_a_retriever_the_target_knows_is_a_leaf() -> None:
    assert parse(WORDS, WHERE, 7) == Leaf(WORDS, "retriever.standard", 7)
    assert not is_compound(WORDS)


def test_legs_know_their_place_and_window() -> None:
    node = tree({"rrf": {"retrievers": [WORDS, {"retriever": NEAR, "weight": 2}], "rank_window_size": 50}})
    assert [(leaf.name, leaf.window) for leaf in leaves(node)] == [
        ("retriever.rrf.retrievers[0].standard", 50),
        ("retriever.rrf.retrievers[1].retriever.knn", 50),
    ]
    assert node.weights == (1.0, 2.0)


def test_a_leg_without_a_normalizer_takes_that_of_all() -> None:
    legs = [{"retriever": WORDS, "normalizer": "l2_norm"}, {"retriever": NEAR}]
    assert tree({"linear": {"retrievers": legs, "normalizer": "minmax"}}).normalizers == ("l2_norm", "minmax")
    assert tree({"linear": {"retrievers": legs}}).normalizers == ("l2_norm", "none")


def test_a_filter_reaches_every_leg_below() -> None:
    inner = {"rrf": {"retrievers": [WORDS, NEAR], "filter": {"term": {"a": 1}}}}
    node = tree({"text_similarity_reranker": {
        "retriever": inner, "field": "f", "inference_text": "q", "inference_id": "r", "filter": [TERM]}})  # fmt: skip
    for leaf in leaves(node):
        options = next(iter(leaf.retriever.values()))
        assert options["filter"] == [TERM, {"term": {"a": 1}}]


WRONG = {
    "unknown-option": ({"rrf": {"retrievers": [WORDS], "rank_constnt": 1}}, "unknown key 'rank_constnt', did you mean"),
    "no-legs": ({"rrf": {"retrievers": []}}, "at least 1 item"),
    "normalizer": ({"linear": {"retrievers": [{"retriever": WORDS, "normalizer": "max"}]}}, "'none', 'minmax' or"),
    "fields": ({"rrf": {"query": "x", "fields": ["a"]}}, r"not supported here \(501\)"),
    "around": ({"rescorer": {"retriever": {"rrf": {"retrievers": [WORDS]}}}}, r"\[rescorer\] around \[rrf\]"),
    "two": ({"rrf": {}, "linear": {}}, "a retriever is one name"),
}


@pytest.mark.parametrize(("retriever", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_retriever_is_refused(retriever: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        parse(retriever, WHERE, 10)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"query": {"match_all": {}}}, {"query": {"bool": {"must": [{"match_all": {}}], "filter": [TERM]}}}),
        ({}, {"query": {"bool": {"filter": [TERM]}}}),
        ({"knn": {"filter": {"term": {"a": 1}}}}, {"knn": {"filter": [{"term": {"a": 1}}, TERM]}}),
        ({"knn": [{"field": "v"}]}, {"knn": [{"field": "v", "filter": [TERM]}]}),
        ({"retriever": {"rrf": {"retrievers": []}}}, {"retriever": {"rrf": {"retrievers": [], "filter": [TERM]}}}),
        (
            {"retriever": {"rescorer": {"retriever": {"standard": {}}}}},
            {"retriever": {"rescorer": {"retriever": {"standard": {"filter": [TERM]}}}}},
        ),
    ],
)  # fmt: skip
def test_a_search_can_be_restricted(body: dict[str, Any], expected: dict[str, Any]) -> None:
    assert with_filter(body, TERM) == expected


def test_a_retriever_that_takes_no_filter_is_named() -> None:
    with pytest.raises(PipelineError, match=r"\[pinned\] takes no filter"):
        with_filter({"retriever": {"pinned": {"ids": ["1"]}}}, TERM)
