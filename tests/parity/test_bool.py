from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.hits import scores
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

RIVER = {"match": {"title": "river"}}
WATER = {"match": {"summary": "water"}}
NATURE = {"term": {"tags": "nature"}}
MODERN = {"range": {"year": {"gte": 2000}}}
QUERIES: dict[str, dict[str, Any]] = {
    "must": {"must": [RIVER, MODERN]},
    "must-one-object": {"must": RIVER},
    "should": {"should": [RIVER, WATER]},
    "should-beside-must-is-optional": {"must": MODERN, "should": [RIVER, WATER]},
    "should-beside-filter-is-optional": {"filter": MODERN, "should": [RIVER]},
    "filter-alone-scores-zero": {"filter": [RIVER, MODERN]},
    "must-not": {"must_not": [RIVER]},
    "must-and-must-not": {"must": WATER, "must_not": MODERN},
    "minimum-should-match": {"should": [RIVER, WATER, NATURE, MODERN], "minimum_should_match": 2},
    "minimum-should-match-percent": {"should": [RIVER, WATER, NATURE], "minimum_should_match": "67%"},
    "minimum-should-match-over-the-clauses": {"should": [RIVER], "minimum_should_match": 2},
    "minimum-should-match-with-must": {"must": MODERN, "should": [RIVER, WATER], "minimum_should_match": 1},
    "empty": {},
    "empty-lists": {"must": [], "should": []},
    "boost": {"must": RIVER, "boost": 2},
    "inside-another": {"must": [{"bool": {"should": [RIVER, NATURE]}}], "filter": {"bool": {"must_not": MODERN}}},
    "all-four": {"must": WATER, "filter": NATURE, "must_not": {"term": {"author": "Ben Miller"}}, "should": RIVER},
    "should-with-filter-inside-should": {"should": [{"bool": {"filter": RIVER}}, NATURE]},
    "named-clauses": {
        "should": [
            {"match": {"title": {"query": "river", "_name": "t"}}},
            {"term": {"tags": {"value": "nature", "_name": "n"}}},
        ]
    },
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_bool_finds_and_scores_like_elasticsearch(
    es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]
):
    recorded("hits", es.search(index=books, query={"bool": query}, source=False, size=20))


def test_the_score_is_the_sum_of_must_and_should(es: Elasticsearch, books: str):
    def score(query: dict[str, Any]) -> float:
        return scores(es.search(index=books, query=query, size=20))["dams"]

    both = score({"bool": {"must": [MODERN], "should": [{"match": {"summary": "dam"}}]}})
    assert both == pytest.approx(1.0 + score({"match": {"summary": "dam"}}), rel=1e-5)


COMPOUND: dict[str, dict[str, Any]] = {
    "constant-score": {"constant_score": {"filter": RIVER, "boost": 1.7}},
    "constant-score-default": {"constant_score": {"filter": NATURE}},
    "dis-max": {"dis_max": {"queries": [RIVER, WATER, NATURE]}},
    "dis-max-tie-breaker": {"dis_max": {"queries": [RIVER, WATER, NATURE], "tie_breaker": 0.7, "boost": 1.5}},
    "boosting": {"boosting": {"positive": RIVER, "negative": NATURE, "negative_boost": 0.5}},
    "match-all": {"match_all": {}},
    "match-all-boost": {"match_all": {"boost": 1.2}},
    "match-none": {"match_none": {}},
    "wrapped-in-bool": {"bool": {"must": {"constant_score": {"filter": RIVER, "boost": 3}}, "should": WATER}},
}


@pytest.mark.parametrize("query", COMPOUND.values(), ids=COMPOUND.keys())
def test_compound_queries_find_and_score_like_elasticsearch(
    es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]
):
    recorded("hits", es.search(index=books, query=query, source=False, size=20))


WRONG: dict[str, Any] = {
    "unknown-clause": {"bool": {"must_have": [RIVER]}},
    "clause-of-text": {"bool": {"must": "river"}},
    "unknown-query-inside": {"bool": {"must": [{"matsch": {"title": "river"}}]}},
    "two-queries-in-one-object": {"bool": {"must": {"match": {"title": "a"}, "term": {"tags": "b"}}}},
    "empty-query-inside": {"bool": {"must": [{}]}},
    "constant-score-without-filter": {"constant_score": {"boost": 2}},
    "dis-max-without-queries": {"dis_max": {"tie_breaker": 0.3}},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_compound_query_is_refused(es: Elasticsearch, books: str, recorded: Recorded, query: Any):
    answer = refusal(es.search, index=books, query=query)
    assert answer["status"] == 400
    recorded("refusal", answer)
