from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

QUERIES: dict[str, dict[str, Any]] = {
    "keywords": {"author": ["Ada Brook", "Eve Ash"]},
    "none-known": {"author": ["x", "y"]},
    "empty": {"author": []},
    "numbers": {"year": [1998, 1975, 3000]},
    "numbers-as-text": {"year": ["1998", "1975"]},
    "booleans": {"in_print": [True]},
    "dates": {"published": ["2004-06-30", "1985"]},
    "text-tokens": {"title": ["river", "sea"]},
    "boost": {"tags": ["fiction"], "boost": 3},
    "ids": {"_id": ["sea", "pond", "nobody"]},
    "unmapped": {"nothing": ["a"]},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_terms_finds_any_of_the_values(es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]):
    recorded("hits", es.search(index=books, query={"terms": query}, source=False, size=20))


WRONG: dict[str, Any] = {
    "not-an-array": {"author": "Ada Brook"},
    "text-for-a-number": {"year": ["old"]},
    "two-fields": {"author": ["a"], "tags": ["b"]},
    "no-field": {"boost": 2},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_wrong_terms_are_refused(es: Elasticsearch, books: str, recorded: Recorded, query: Any):
    answer = refusal(es.search, index=books, query={"terms": query})
    assert answer["status"] == 400
    recorded("refusal", answer)
