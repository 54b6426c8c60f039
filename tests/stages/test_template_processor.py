from __future__ import annotations

from typing import Any

import pytest

from headpond.stages.request.base import SearchRequest
from headpond.stages.request.template import Template, TemplateSpec
from tests.stages.requests import TEMPLATE, request

MILL = {"match": {"body": "mill"}}
OURS = {"multi_match": {"query": "mill", "fields": ["title", "body"]}}
A, B, C = ({"term": {"kind": name}} for name in "abc")


def templated(body: dict[str, Any], query: str | None = "mill", **options: Any) -> SearchRequest:
    asked = request(body, query)
    Template(TemplateSpec(**options), "request_processors[0].template").process(asked)
    return asked


def restricted(body: dict[str, Any]) -> Any:
    """What restricts the template's query."""
    query = templated(body).body["query"]
    return query["bool"]["filter"][0] if "bool" in query else None


def test_the_words_fill_the_pipelines_search() -> None:
    asked = templated({"query": MILL})
    assert asked.body == {"query": OURS, "_source": {"excludes": ["dense"]}, "from": 0, "size": 10}
    assert asked.degraded == []


def test_a_template_of_its_own() -> None:
    search = {"query": {"match": {"title": "{{query}}"}}, "size": 50, "min_score": "{{size}}"}
    body = templated({"query": MILL, "from": 10, "size": 5}, search=search).body
    assert body == {"query": {"match": {"title": "mill"}}, "from": 10, "size": 5, "min_score": 15}


def test_how_hits_are_shown_is_the_callers() -> None:
    shown = {"_source": ["title"], "highlight": {"fields": {"body": {}}}, "fields": ["kind"], "explain": True}
    body = templated({"query": MILL, "min_score": 3, **shown}).body
    assert {key: body[key] for key in shown} == shown
    assert "min_score" not in body


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"query": {"bool": {"must": [MILL], "filter": [A]}}}, A),
        ({"query": {"bool": {"must": MILL, "filter": A}}}, A),
        ({"query": {"bool": {"must": [MILL, A]}}}, A),
        ({"query": {"bool": {"must": [MILL], "must_not": [A]}}}, {"bool": {"must_not": [A]}}),
        ({"query": {"bool": {"must": [MILL], "should": [A]}}}, None),
        (
            {"query": {"bool": {"must": [MILL], "should": [A, B], "minimum_should_match": 1}}},
            {"bool": {"should": [A, B], "minimum_should_match": 1}},
        ),
        ({"query": {"bool": {"should": [MILL, A]}}}, None),
        ({"query": {"function_score": {"query": {"bool": {"must": [MILL], "filter": [A]}}}}}, A),
        ({"query": {"bool": {"must": [{"bool": {"must": [MILL], "filter": [A]}}], "filter": [B]}}},
         {"bool": {"filter": [B, A]}}),
        ({"query": {"bool": {"must": [MILL, {"term": {"kind": "mill"}}]}}}, {"term": {"kind": "mill"}}),
        ({"query": {"bool": {"must": [MILL, {"match": {"body": "dam"}}]}}}, {"match": {"body": "dam"}}),
        ({"query": {"bool": {"must": [{"match": {"body": {"query": "a mill"}}}]}}}, None),
        ({"query": {"nested": {"path": "p", "query": MILL}}}, None),
        ({"query": {"nested": {"path": "p", "query": A}}}, {"nested": {"path": "p", "query": A}}),
        ({"query": MILL, "post_filter": A}, A),
        ({"query": MILL, "knn": {"field": "v", "filter": A}}, None),
        ({"query": {"bool": {"must": [MILL], "filter": [A]}}, "knn": {"field": "v", "filter": A}}, A),
        (
            {"query": {"bool": {"must": [MILL], "filter": [A]}}, "knn": [{"field": "v", "filter": B}]},
            {"bool": {"should": [A, B], "minimum_should_match": 1}},
        ),
        ({"retriever": {"standard": {"query": MILL, "filter": A}}}, A),
        ({"retriever": {"rrf": {"retrievers": [{"standard": {"query": MILL}}, {"knn": {}}], "filter": [A]}}}, A),
        (
            {"retriever": {"linear": {"retrievers": [
                {"retriever": {"standard": {"query": MILL, "filter": A}}}, {"retriever": {"knn": {"filter": A}}}]}}},
            A,
        ),
        ({"retriever": {"text_similarity_reranker": {"retriever": {"knn": {"filter": [A, B]}}}}},
         {"bool": {"filter": [A, B]}}),
        ({"query": MILL}, None),
    ],
)  # fmt: skip
def test_what_restricts_the_hits_is_kept(body: dict[str, Any], kept: Any) -> None:
    assert restricted(body) == kept


@pytest.mark.parametrize(
    ("change", "query", "reason"),
    [
        ({}, None, "the search has no words, so it was sent as it is"),
        ({}, " ", "the search has no words, so it was sent as it is"),
        ({"aggs": {"kinds": {}}}, "mill", "the search has [aggs], so it was sent as it is"),
        ({"sort": [{"year": "asc"}]}, "mill", "the search has [sort], so it was sent as it is"),
        ({"search_after": [1], "sort": ["year"]}, "mill", "the search has [search_after], so it was sent as it is"),
    ],
)
def test_what_no_template_can_answer_goes_as_it_is(change: dict[str, Any], query: str | None, reason: str) -> None:
    body = {"query": MILL, **change}
    asked = templated(body, query)
    assert asked.body == body
    assert [(item.stage, item.reason) for item in asked.degraded] == [("request_processors[0].template", reason)]


def test_a_count_is_left_alone() -> None:
    asked = templated({"query": MILL, "size": 0})
    assert (asked.body, asked.degraded) == ({"query": MILL, "size": 0}, [])


def test_an_order_by_score_is_the_order_there_is() -> None:
    assert templated({"query": MILL, "sort": ["_score"]}).body["query"] == OURS


def test_the_template_itself_stays_as_it_was() -> None:
    before = str(TEMPLATE)
    templated({"query": {"bool": {"must": [MILL], "filter": [A]}}})
    assert str(TEMPLATE) == before
