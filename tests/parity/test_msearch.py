from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


def test_searches_answer_in_order(es: Elasticsearch, books: str, passages: str, recorded: Recorded):
    searches: list[dict[str, Any]] = [
        {},
        {"query": {"match": {"title": "river"}}, "_source": False},
        {"index": passages},
        {"query": {"term": {"group": "y"}}, "size": 1, "_source": False},
        {"index": [books]},
        {"size": 0},
    ]
    answer = es.msearch(index=books, searches=searches)
    assert [one["hits"]["total"]["value"] for one in answer["responses"]] == [3, 4, 12]
    recorded("answers", answer)


def test_one_failed_search_leaves_the_others(es: Elasticsearch, books: str, recorded: Recorded):
    searches: list[dict[str, Any]] = [
        {"index": "parity-not-there"},
        {"size": 1},
        {"index": "parity-not-there", "ignore_unavailable": True},
        {"size": 1},
        {},
        {"query": {"match": {"year": "old"}}},
        {},
        {"size": 0},
    ]
    answer = es.msearch(index=books, searches=searches)
    assert [one["status"] for one in answer["responses"]] == [404, 200, 400, 200]
    for one in answer["responses"]:
        one.get("error", {}).pop("failed_shards", None)
    recorded("answers", answer)


def test_a_wrong_msearch_is_refused_as_a_whole(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("nothing", refusal(es.msearch, index=books, searches=[]))
    recorded("unknown header", refusal(es.msearch, index=books, searches=[{"idx": books}, {}]))
    recorded("unknown query", refusal(es.msearch, index=books, searches=[{}, {"query": {"matsch": {}}}]))
    recorded("unknown key", refusal(es.msearch, index=books, searches=[{}, {"sice": 1}]))
