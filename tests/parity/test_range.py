from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

QUERIES: dict[str, dict[str, Any]] = {
    "gte": {"year": {"gte": 2004}},
    "gt": {"year": {"gt": 2004}},
    "lte": {"year": {"lte": 1969}},
    "lt": {"year": {"lt": 1969}},
    "both": {"year": {"gte": 1975, "lt": 1990}},
    "no-bounds": {"year": {}},
    "null-bounds": {"year": {"gte": None, "lt": None}},
    "numbers-as-text": {"year": {"gte": "1998"}},
    "fraction-on-an-integer": {"year": {"gt": 1998.5}},
    "float": {"rating": {"gte": 4.1, "lte": 4.5}},
    "double": {"price": {"gt": 19.99}},
    "beyond-the-type": {"pages": {"lt": 1000000}},
    "keyword": {"author": {"gte": "B", "lt": "D"}},
    "text-tokens": {"title": {"gte": "sea", "lte": "songs"}},
    "boolean": {"in_print": {"gte": True}},
    "boost": {"year": {"gte": 2015, "boost": 2}},
    "date": {"published": {"gte": "2004-06-30", "lt": "2015-04-01"}},
    "date-lte-rounds-up-to-the-day": {"published": {"lte": "1975-11-02"}},
    "date-gt-rounds-up-to-the-day": {"published": {"gt": "1975-11-02"}},
    "date-lt-rounds-down": {"published": {"lt": "1975-11-02"}},
    "date-by-year": {"published": {"gte": "2001", "lte": "2004"}},
    "date-by-month": {"published": {"gte": "2004-06", "lte": "2004-06"}},
    "date-in-milliseconds": {"published": {"gte": 1433116800000}},
    "date-with-its-own-format": {"published": {"gte": "30/06/2004", "format": "dd/MM/yyyy"}},
    "date-with-a-zone": {"published": {"gte": "2019-10-10T10:10:10", "time_zone": "+02:00"}},
    "date-math": {"published": {"gte": "2004-06-30||+10y"}},
    "date-math-rounding": {"published": {"gte": "2004-06-30||/y", "lte": "2004-06-30||/y"}},
    "date-before-now": {"published": {"lt": "now"}},
    "date-after-now": {"published": {"gte": "now-1d/d"}},
    "unmapped": {"nothing": {"gte": 1}},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_range_finds_like_elasticsearch(es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]):
    recorded("hits", es.search(index=books, query={"range": query}, source=False, size=20))


WRONG: dict[str, Any] = {
    "text-for-a-number": {"year": {"gte": "old"}},
    "unknown-bound": {"year": {"min": 3}},
    "no-object": {"year": 3},
    "two-fields": {"year": {"gte": 3}, "price": {"gte": 3}},
    "broken-date": {"published": {"gte": "2004-13-45"}},
    "broken-date-math": {"published": {"gte": "2004-06-30||+10q"}},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_range_is_refused(es: Elasticsearch, books: str, recorded: Recorded, query: Any):
    answer = refusal(es.search, index=books, query={"range": query})
    assert answer["status"] == 400
    recorded("refusal", answer)
