from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


def test_count_counts_all_or_what_matches(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("all", es.count(index=books))
    recorded("query", es.count(index=books, query={"term": {"tags": "water"}}))


@pytest.mark.gap("the pond has no query string syntax and refuses it with 501")
def test_count_takes_a_query_string(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("count", es.count(index=books, q="tags:water"))


def test_count_over_several_indices(es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded):
    make_index(None, [{"n": 1}], suffix="a")
    make_index(None, [{"n": 1}, {"n": 2}], suffix="b")
    recorded("both", es.count(index=f"{index}.*"))
    recorded("none", es.count(index=f"{index}.nothing*"))


def test_count_sees_what_is_refreshed(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(settings={"refresh_interval": "-1"})
    es.index(index=name, document={"n": 1})
    assert es.count(index=name)["count"] == 0
    es.indices.refresh(index=name)
    assert es.count(index=name)["count"] == 1


def test_a_wrong_count_is_refused(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("size", refusal(es.count, index=books, body={"size": 3}))
    recorded("unknown query", refusal(es.count, index=books, query={"matsch": {}}))
    recorded("missing index", refusal(es.count, index="parity-not-there"))
