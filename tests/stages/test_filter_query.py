from __future__ import annotations

from typing import Any

import pytest

from headpond.errors import PipelineError
from headpond.stages.request.filter_query import FilterQuery, FilterQuerySpec
from tests.stages.requests import request

PUBLIC = {"term": {"visibility": "public"}}


def filtered(body: dict[str, Any], query: dict[str, Any] = PUBLIC, text: str | None = "mill") -> dict[str, Any]:
    asked = request(body, text)
    FilterQuery(FilterQuerySpec(query=query), "request_processors[0].filter_query").process(asked)
    return asked.body


def test_a_query_is_restricted() -> None:
    body = {"query": {"match": {"body": "mill"}}, "size": 3}
    assert filtered(body) == {
        "query": {"bool": {"must": [{"match": {"body": "mill"}}], "filter": [PUBLIC]}},
        "size": 3,
    }
    assert body == {"query": {"match": {"body": "mill"}}, "size": 3}


def test_a_body_without_a_query_is_restricted_too() -> None:
    assert filtered({}) == {"query": {"bool": {"filter": [PUBLIC]}}}


def test_every_leg_is_restricted() -> None:
    legs = [{"standard": {"query": {"match_all": {}}}}, {"knn": {"field": "v", "query_vector": [1], "k": 1}}]
    found = filtered({"retriever": {"rrf": {"retrievers": legs}}})
    assert found["retriever"]["rrf"]["filter"] == [PUBLIC]
    knn = {"field": "v", "query_vector": [1], "k": 1, "filter": {"term": {"a": 1}}}
    assert filtered({"knn": knn})["knn"]["filter"] == [{"term": {"a": 1}}, PUBLIC]


def test_the_words_of_the_search_can_stand_in_the_filter() -> None:
    found = filtered({"query": {"match_all": {}}}, {"match": {"tags": "{{query}}"}})
    assert found["query"]["bool"]["filter"] == [{"match": {"tags": "mill"}}]


def test_a_filter_that_needs_words_refuses_a_search_without() -> None:
    with pytest.raises(PipelineError, match=r"request_processors\[0\]\.filter_query needs the words of the search"):
        filtered({"query": {"match_all": {}}}, {"match": {"tags": "for {{query}}"}}, None)
    assert filtered({}, PUBLIC, None)["query"]["bool"]["filter"] == [PUBLIC]


def test_a_search_that_takes_no_filter_is_not_sent() -> None:
    with pytest.raises(PipelineError, match=r"the retriever \[pinnd\] takes no filter"):
        filtered({"retriever": {"pinnd": {"ids": ["1"]}}})


@pytest.mark.parametrize("query", [{}, None, "public"])
def test_a_filter_is_a_query(query: Any) -> None:
    with pytest.raises(ValueError, match="query"):
        FilterQuerySpec(query=query)


def test_an_unknown_placeholder_is_said() -> None:
    with pytest.raises(PipelineError, match=r"unknown placeholder \{\{qery\}\}, did you mean \{\{query\}\}"):
        filtered({}, {"match": {"tags": "{{qery}}"}})
