from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.hits import ids
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

PAGES: dict[str, dict[str, Any]] = {
    "size": {"size": 3},
    "from-and-size": {"from": 3, "size": 3},
    "size-zero": {"size": 0},
    "from-beyond-the-end": {"from": 50},
    "last-page": {"from": 10, "size": 10},
    "size-as-text": {"size": "2"},
    "total-not-tracked": {"track_total_hits": False},
    "total-up-to-five": {"track_total_hits": 5},
    "total-up-to-fifty": {"track_total_hits": 50},
    "min-score": {"query": {"match": {"title": "river"}}, "min_score": 0.9},
    "terminate-after-nothing": {"terminate_after": 0, "size": 1},
    "version": {"version": True, "size": 1},
    "seq-no": {"seq_no_primary_term": True, "size": 1},
    "timeout": {"timeout": "10s", "size": 1},
    "profile-off": {"profile": False, "size": 1},
    "explain-off": {"explain": False, "size": 1},
    "stats": {"stats": ["group"], "size": 1},
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
def test_a_page_holds_what_was_asked_for(es: Elasticsearch, books: str, recorded: Recorded, body: dict[str, Any]):
    order = {} if "query" in body else {"sort": ["year"]}
    recorded("hits", es.search(index=books, body={"_source": False, **order, **body}))


def test_pages_follow_each_other(es: Elasticsearch, books: str):
    pages = [ids(es.search(index=books, sort=["year"], from_=at, size=5)) for at in (0, 5, 10)]
    assert [len(page) for page in pages] == [5, 5, 2]
    assert [key for page in pages for key in page] == ids(es.search(index=books, sort=["year"], size=12))


def test_the_total_may_be_a_number(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("hits", es.search(index=books, size=0, rest_total_hits_as_int=True))


def test_an_answer_may_be_filtered(es: Elasticsearch, books: str, recorded: Recorded):
    order = {"index": books, "sort": ["year"], "size": 2}
    recorded("ids", es.search(**order, filter_path="hits.hits._id,hits.total.value"))
    recorded("pattern", es.search(**order, filter_path="hits.**._id"))
    recorded("excluded", es.search(**order, filter_path="-took,-_shards,-hits.hits._source"))
    recorded("nothing", es.search(**order, filter_path="nothing"))


WRONG: dict[str, dict[str, Any]] = {
    "negative-size": {"size": -1},
    "negative-from": {"from": -1},
    "text-size": {"size": "many"},
    "beyond-the-window": {"from": 9999, "size": 10},
    "size-beyond-the-window": {"size": 10001},
    "unknown-key": {"sice": 3},
    "unknown-key-near-query": {"querry": {"match_all": {}}},
    "negative-total": {"track_total_hits": -5},
    "bad-timeout": {"timeout": "soon"},
    "query-is-a-list": {"query": []},
    "empty-query": {"query": {}},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_page_is_refused(es: Elasticsearch, books: str, recorded: Recorded, body: dict[str, Any]):
    answer = refusal(es.search, index=books, body=body)
    assert answer["status"] == 400
    recorded("refusal", answer)
