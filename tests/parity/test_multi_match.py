from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

BOTH = ["title", "summary"]
QUERIES: dict[str, dict[str, Any]] = {
    "best-fields-is-the-default": {"query": "river water", "fields": BOTH},
    "best-fields": {"query": "river water", "fields": BOTH, "type": "best_fields"},
    "tie-breaker": {"query": "river water", "fields": BOTH, "tie_breaker": 0.3},
    "most-fields": {"query": "river water", "fields": BOTH, "type": "most_fields"},
    "field-boost": {"query": "river water", "fields": ["title^3", "summary"]},
    "fractional-field-boost": {"query": "river water", "fields": ["title^0.5", "summary^1.5"]},
    "operator-and": {"query": "water wheel", "fields": BOTH, "operator": "and"},
    "minimum-should-match": {"query": "water wheel mill", "fields": BOTH, "minimum_should_match": "67%"},
    "one-field": {"query": "river", "fields": ["title"]},
    "one-field-as-text": {"query": "river", "fields": "title"},
    "with-keyword": {"query": "Turbines", "fields": ["title", "title.keyword"]},
    "wildcard": {"query": "river", "fields": ["tit*", "summary"]},
    "wildcard-with-boost": {"query": "turbines", "fields": ["title*^2"]},
    "unmapped-field": {"query": "river", "fields": ["title", "nothing"]},
    "boost": {"query": "river", "fields": BOTH, "boost": 2},
    "cross-fields-one-analyzer": {"query": "river hills", "fields": BOTH, "type": "cross_fields"},
    "cross-fields-and": {"query": "dams engineers", "fields": BOTH, "type": "cross_fields", "operator": "and"},
    "bool-prefix": {"query": "fish of the riv", "fields": BOTH, "type": "bool_prefix"},
    "all-fields-by-default": {"query": "engineering"},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_multi_match_finds_and_scores_like_elasticsearch(
    es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]
):
    if "fields" not in query:
        query = {**query, "lenient": True}
    recorded("hits", es.search(index=books, query={"multi_match": query}, source=False, size=20))


WRONG: dict[str, dict[str, Any]] = {
    "no-query": {"fields": ["title"]},
    "unknown-type": {"query": "river", "fields": ["title"], "type": "worst_fields"},
    "unknown-option": {"query": "river", "fields": ["title"], "colour": "red"},
    "text-for-a-number": {"query": "river", "fields": ["year"]},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_multi_match_is_refused(es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]):
    answer = refusal(es.search, index=books, query={"multi_match": query})
    assert answer["status"] == 400
    recorded("refusal", answer)
