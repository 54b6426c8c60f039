from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

SORTS: dict[str, Any] = {
    "one-name": ["year"],
    "name-alone": "year",
    "descending": [{"year": "desc"}],
    "object-form": [{"year": {"order": "desc"}}],
    "object-for-the-list": {"year": "desc"},
    "missing-last-is-the-default": [{"rating": "asc"}, "year"],
    "missing-last-descending": [{"rating": "desc"}, "year"],
    "missing-first": [{"rating": {"order": "asc", "missing": "_first"}}, "year"],
    "missing-value": [{"rating": {"order": "asc", "missing": 3.95}}, "year"],
    "keyword": [{"title.keyword": "asc"}, "year"],
    "keyword-missing-value": [{"publisher.name": {"order": "asc", "missing": "M"}}, "year"],
    "array-takes-the-lowest-upwards": [{"tags": "asc"}, "year"],
    "array-takes-the-highest-downwards": [{"tags": "desc"}, "year"],
    "array-mode-max": [{"tags": {"order": "asc", "mode": "max"}}, "year"],
    "boolean": ["in_print", "year"],
    "date": [{"published": "desc"}, "year"],
    "date-format": [{"published": {"order": "desc", "format": "yyyy-MM-dd"}}, "year"],
    "double": [{"price": "desc"}],
    "long": [{"sold": "desc"}],
    "two-keys": [{"in_print": "desc"}, {"price": "asc"}],
    "unmapped-type": [{"nothing": {"unmapped_type": "long"}}, "year"],
    "index-order": ["_doc"],
}


@pytest.mark.differs("9.5.0", "a missing date is null, not the last date there is", only=("date-format",))
@pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS.keys())
def test_documents_are_sorted_like_elasticsearch(es: Elasticsearch, books: str, recorded: Recorded, sort: Any):
    recorded("hits", es.search(index=books, sort=sort, source=False, size=20))


QUERY = {"match": {"title": "river"}}


def test_a_sorted_search_gives_no_scores_unless_asked(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("none", es.search(index=books, query=QUERY, sort=["year"], source=False))
    recorded("tracked", es.search(index=books, query=QUERY, sort=["year"], track_scores=True, source=False))
    recorded("by score", es.search(index=books, query=QUERY, sort=["_score"], source=False))
    recorded("by score then year", es.search(index=books, query=QUERY, sort=["_score", "year"], source=False))
    recorded("score upwards", es.search(index=books, query=QUERY, sort=[{"_score": "asc"}, "year"], source=False))


def test_sort_in_the_address(es: Elasticsearch, books: str, recorded: Recorded):
    answer = es.perform_request(
        "GET",
        f"/{books}/_search",
        params={"sort": "year:desc,price", "size": 3},
        headers={"accept": "application/json"},
    )
    recorded("hits", answer.body)


def test_search_after_goes_on_where_a_page_ended(es: Elasticsearch, books: str, recorded: Recorded):
    sort = [{"in_print": "desc"}, {"price": "asc"}]
    seen: list[str] = []
    after = None
    while True:
        page = es.search(index=books, sort=sort, size=5, search_after=after, source=False)
        if not page["hits"]["hits"]:
            break
        seen += ids(page)
        after = page["hits"]["hits"][-1]["sort"]
        recorded(f"page {len(seen)}", page)
    assert seen == ids(es.search(index=books, sort=sort, size=20))


def test_search_after_by_score(es: Elasticsearch, books: str, recorded: Recorded):
    sort = ["_score", {"year": "asc"}]
    first = es.search(index=books, query=QUERY, sort=sort, size=2)
    after = first["hits"]["hits"][-1]["sort"]
    recorded("page", es.search(index=books, query=QUERY, sort=sort, size=2, search_after=after, source=False))


def test_nested_values_sort_their_documents(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"o": {"type": "nested", "properties": {"n": {"type": "long"}}}}},
        [{"o": [{"n": 5}, {"n": 1}]}, {"o": [{"n": 3}]}, {"o": []}],
    )
    for order in ("asc", "desc"):
        sort = [{"o.n": {"order": order, "nested": {"path": "o"}}}]
        recorded(order, es.search(index=name, sort=sort, source=False))


WRONG: dict[str, dict[str, Any]] = {
    "text-field": {"sort": ["title"]},
    "unmapped-field": {"sort": ["nothing"]},
    "unknown-order": {"sort": [{"year": "down"}]},
    "unknown-option": {"sort": [{"year": {"ordre": "desc"}}]},
    "search-after-without-sort": {"search_after": [1]},
    "search-after-too-long": {"sort": ["year"], "search_after": [1, 2]},
    "search-after-and-from": {"sort": ["year"], "search_after": [1], "from": 3},
    "search-after-of-the-wrong-type": {"sort": ["year"], "search_after": ["old"]},
    "number": {"sort": 3},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_sort_is_refused(es: Elasticsearch, books: str, recorded: Recorded, body: dict[str, Any]):
    answer = refusal(es.search, index=books, body=body)
    assert answer["status"] == 400
    recorded("refusal", answer)
