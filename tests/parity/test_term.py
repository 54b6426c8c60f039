from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

QUERIES: dict[str, dict[str, Any]] = {
    "keyword": {"author": "Ada Brook"},
    "keyword-is-case-sensitive": {"author": "ada brook"},
    "case-insensitive": {"author": {"value": "ada brook", "case_insensitive": True}},
    "keyword-array": {"tags": "nature"},
    "object-form-and-boost": {"tags": {"value": "water", "boost": 4}},
    "text-is-not-analyzed": {"title": "River"},
    "text-token": {"title": "river"},
    "ignored-above-40": {"title.keyword": "When the River Rises: a History of Floods"},
    "integer": {"year": 1998},
    "integer-as-text": {"year": "1998"},
    "integer-as-float": {"year": 1998.0},
    "integer-with-fraction-matches-nothing": {"year": 1998.5},
    "negative": {"year": -350},
    "float": {"rating": 4.5},
    "double": {"price": 19.99},
    "long": {"sold": 250000},
    "beyond-the-type": {"pages": 100000},
    "boolean": {"in_print": False},
    "boolean-as-text": {"in_print": "true"},
    "date": {"published": "2004-06-30"},
    "date-of-a-year": {"published": "1985"},
    "date-with-zone": {"published": "2019-10-10T08:10:10Z"},
    "date-in-milliseconds": {"published": 889833600000},
    "object-member": {"publisher.name": "Hill Press"},
    "object-itself": {"publisher": "Hill Press"},
    "unmapped": {"nothing": 1},
    "id": {"_id": "pond"},
    "index": {"_index": "parity-books"},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_term_finds_and_scores_like_elasticsearch(
    es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]
):
    recorded("hits", es.search(index=books, query={"term": query}, source=False, size=20))


WRONG: dict[str, Any] = {
    "text-for-a-number": {"year": "old"},
    "text-for-a-boolean": {"in_print": "yes"},
    "null": {"author": None},
    "array": {"author": ["a"]},
    "two-fields": {"author": "a", "tags": "b"},
    "unknown-option": {"author": {"value": "a", "values": "b"}},
    "no-field": {},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_term_is_refused(es: Elasticsearch, books: str, recorded: Recorded, query: Any):
    answer = refusal(es.search, index=books, query={"term": query})
    assert answer["status"] == 400
    recorded("refusal", answer)
