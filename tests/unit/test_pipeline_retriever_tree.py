from __future__ import annotations

from typing import Any

import pytest

from headpond.errors import PipelineError
from headpond.pipeline.query.retrieve.field_groups import FieldGroups, semantic_fields
from headpond.pipeline.query.retrieve.parse import parse
from headpond.pipeline.query.retrieve.tree import Fusion, Leaf, Node, Pinned, Rescorer, is_compound, leaves
from headpond.stages.filter import with_filter
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
    assert isinstance(node, Fusion)
    assert [(leaf.name, leaf.window) for leaf in leaves(node)] == [
        ("retriever.rrf.retrievers[0].standard", 50),
        ("retriever.rrf.retrievers[1].retriever.knn", 50),
    ]
    assert node.weights == (1.0, 2.0)


def test_a_leg_without_a_normalizer_takes_that_of_all() -> None:
    legs = [{"retriever": WORDS, "normalizer": "l2_norm"}, {"retriever": NEAR}]
    for all_of_them, expected in (({"normalizer": "minmax"}, "minmax"), ({}, "none")):
        node = tree({"linear": {"retrievers": legs, **all_of_them}})
        assert isinstance(node, Fusion)
        assert node.normalizers == ("l2_norm", expected)


def test_a_filter_reaches_every_leg_below() -> None:
    inner = {"rrf": {"retrievers": [WORDS, NEAR], "filter": {"term": {"a": 1}}}}
    node = tree({"text_similarity_reranker": {
        "retriever": inner, "field": "f", "inference_text": "q", "inference_id": "r", "filter": [TERM]}})  # fmt: skip
    for leaf in leaves(node):
        options = next(iter(leaf.retriever.values()))
        assert options["filter"] == [TERM, {"term": {"a": 1}}]


RRF = {"rrf": {"retrievers": [WORDS]}}
RESCORE = {"window_size": 10, "query": {"rescore_query": {"match_all": {}}}}
WRONG = {
    "unknown-option": ({"rrf": {"retrievers": [WORDS], "rank_constnt": 1}}, "unknown key 'rank_constnt', did you mean"),
    "no-legs": ({"rrf": {"retrievers": []}}, "at least 1 item"),
    "nothing": ({"rrf": {}}, r"\[rrf\] must provide \[retrievers\] or \[query\]"),
    "normalizer": ({"linear": {"retrievers": [{"retriever": WORDS, "normalizer": "max"}]}}, "'none', 'minmax', "),
    "both": ({"rrf": {"query": "x", "retrievers": [WORDS]}}, r"cannot combine \[retrievers\] and \[query\]"),
    "fields": ({"rrf": {"fields": ["a"]}}, r"\[query\] must be provided when \[fields\] is specified"),
    "no-normalizer": ({"linear": {"query": "x"}}, r"\[normalizer\] must be provided when \[query\] is specified"),
    "boost": ({"rrf": {"query": "x", "fields": ["a^b"]}}, r"\[a\^b\] is no field with a boost"),
    "negative-boost": ({"rrf": {"query": "x", "fields": ["a^-1"]}}, "per-field weights must be non-negative"),
    "around": ({"rule": {"retriever": RRF}}, r"\[rule\] around \[rrf\] cannot be computed on the client \(501\)"),
    "two": ({"rrf": {}, "linear": {}}, "a retriever is one name"),
    "window": (
        {"rrf": {"retrievers": [RRF], "rank_window_size": 20}},
        r"\[rank_window_size: 20\] to be smaller than or equal to its sub retriever's rrf \[rank_window_size: 10\]",
    ),
    "after": (
        {"rrf": {"retrievers": [{"standard": {"search_after": [1]}}]}},
        r"\[search_after\] cannot be used in children of compound retrievers",
    ),
    "no-pins": ({"pinned": {"retriever": WORDS}}, "Either 'ids' or 'docs' must be provided"),
    "pins-twice": ({"pinned": {"ids": ["1"], "docs": [{"_id": "1"}], "retriever": WORDS}}, "Both 'ids' and 'docs'"),
    "same-pin": ({"pinned": {"ids": ["1", "1"], "retriever": WORDS}}, "duplicate id found in list: 1"),
    "many-pins": ({"pinned": {"ids": [str(id) for id in range(101)], "retriever": WORDS}}, "at most 100 items"),
    "criteria": ({"pinned": {"match_criteria": {}, "ids": ["1"], "retriever": WORDS}}, "unknown key 'match_criteria'"),
    "rescore-window": (
        {"rescorer": {"retriever": RRF, "rescore": {**RESCORE, "window_size": 11}}},
        r"\[window_size: 11\] to be smaller than or equal to its sub retriever's rrf \[rank_window_size: 10\]",
    ),
    "score-mode": (
        {"rescorer": {"retriever": RRF, "rescore": {"query": {"rescore_query": {}, "score_mode": "sum"}}}},
        "'total', 'multiply'",
    ),
    "script": ({"rescorer": {"retriever": RRF, "rescore": {"script": {}}}}, "unknown key 'script'"),
}  # fmt: skip


@pytest.mark.parametrize(("retriever", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_retriever_is_refused(retriever: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        parse(retriever, WHERE, 10)


@pytest.mark.parametrize(
    ("retriever", "place"),
    [
        ({"rrf": {"retrievers": []}}, "rrf.retrievers"),
        ({"rrf": {"retrievers": "x"}}, "rrf.retrievers"),
        ({"rrf": {"retrievers": [1]}}, "rrf.retrievers[0]"),
        ({"rrf": {"retrievers": [{"retriever": WORDS, "weight": -1}]}}, "rrf.retrievers[0].weight"),
        ({"rrf": {"retrievers": [WORDS], "rank_window_size": "a"}}, "rrf.rank_window_size"),
        ({"rrf": {"retrievers": [WORDS], "filter": [1]}}, "rrf.filter[0]"),
        ({"rrf": {"query": "x", "fields": ["body^a"]}}, "rrf.fields"),
        ({"linear": {"retrievers": [{"retriever": []}]}}, "linear.retrievers[0].retriever"),
        ({"linear": {"retrievers": [{"retriever": WORDS, "normalizer": 1}]}}, "linear.retrievers[0].normalizer"),
        ({"text_similarity_reranker": {"retriever": WORDS, "field": [], "inference_text": "x"}},
         "text_similarity_reranker.field"),
        ({"rescorer": {"retriever": RRF, "rescore": {**RESCORE, "window_size": 0}}}, "rescorer.rescore[0].window_size"),
        ({"pinned": {"retriever": WORDS, "ids": "1"}}, "pinned.ids"),
        ({"rule": {"retriever": RRF}}, "rule"),
    ],
)  # fmt: skip
def test_a_place_without_a_file_is_said_once(retriever: dict[str, Any], place: str) -> None:
    with pytest.raises(PipelineError) as caught:
        parse(retriever, Where().at("retriever"), 10)
    said = str(caught.value)
    assert said.startswith(f"retriever.{place}")
    assert said.count("retriever.") == f"retriever.{place}".count("retriever.")
    assert caught.value.where == f"retriever.{place}"


def test_several_problems_are_a_line_each_with_their_places() -> None:
    with pytest.raises(PipelineError) as caught:
        parse({"pinned": {"retriever": WORDS, "ids": "1", "label": "x"}}, Where().at("retriever"), 10)
    assert [line.partition(":")[0] for line in str(caught.value).split("\n")] == [
        "retriever.pinned.ids is '1'",
        "retriever.pinned.label",
    ]


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


def test_a_field_called_like_a_retriever_makes_no_compound_one() -> None:
    words = {"standard": {"query": {"bool": {"must": [{"match": {"linear": "x"}}, {"pinned": {"ids": ["1"]}}]}}}}
    assert not is_compound(words)
    assert isinstance(parse(words, WHERE, 10), Leaf)
    assert is_compound({"rescorer": {"retriever": {"pinned": {}}}})


def test_a_rescorer_of_a_leaf_is_left_to_the_target() -> None:
    assert isinstance(parse({"rescorer": {"retriever": WORDS, "rescore": RESCORE}}, WHERE, 10), Leaf)
    node = tree({"rescorer": {"retriever": RRF, "rescore": [RESCORE, {**RESCORE, "window_size": 3}]}})
    assert isinstance(node, Rescorer)
    assert (node.window, node.candidates) == (3, 10)


def test_filters_do_not_hold_for_pinned_documents() -> None:
    node = tree({"rrf": {"retrievers": [{"pinned": {"docs": [{"_id": "1"}], "retriever": WORDS}}], "filter": TERM}})
    (pinned,) = node.children
    assert isinstance(pinned, Pinned)
    assert [leaf.options["filter"] for leaf in leaves(pinned)] == [[TERM]]


def test_lexical_fields_share_a_leg_and_semantic_ones_have_one_each() -> None:
    groups = FieldGroups(frozenset({"body_semantic", "title_semantic"}))
    given = {"query": "mill", "fields": ["title^3", "body", "*_semantic", "title_semantic^2"], "normalizer": "minmax"}
    node = parse({"linear": given}, WHERE, 10, groups)
    assert isinstance(node, Fusion)
    words, semantic = node.children
    assert isinstance(words, Leaf)
    assert words.options["query"]["multi_match"] == {
        "query": "mill", "type": "most_fields", "fields": ["title^3", "body", "*_semantic"]}  # fmt: skip
    assert isinstance(semantic, Fusion)
    assert (node.weights, node.normalizers) == ((1, 1), ("minmax", "minmax"))
    assert (semantic.weights, semantic.normalizers) == ((1, 2), ("minmax", "minmax"))
    assert [leaf.options["query"] for leaf in leaves(semantic)] == [
        {"match": {"body_semantic": "mill"}}, {"match": {"title_semantic": "mill"}}]  # fmt: skip


def test_without_fields_those_of_the_index_are_queried() -> None:
    (words,) = tree({"rrf": {"query": "mill"}}).children
    assert isinstance(words, Leaf)
    assert words.options["query"]["multi_match"]["fields"] == ["*"]


def test_a_mapping_tells_its_semantic_fields() -> None:
    semantic = {"type": "semantic_text", "inference_id": "dense"}
    mapping = {
        "a": semantic,
        "b": {"type": "text", "fields": {"meaning": semantic}},
        "c": {"properties": {"d": semantic, "e": {"type": "keyword"}}},
    }
    assert set(semantic_fields(mapping)) == {"a", "b.meaning", "c.d"}
