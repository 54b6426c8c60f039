from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

QUERIES: dict[str, dict[str, Any]] = {
    "several": {"values": ["sea", "pond"]},
    "unknown": {"values": ["nobody"]},
    "empty": {"values": []},
    "one-as-text": {"values": "sea"},
    "twice": {"values": ["sea", "sea"]},
    "boost": {"values": ["sea"], "boost": 2.5},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_ids_finds_the_named_documents(es: Elasticsearch, books: str, recorded: Recorded, query: dict[str, Any]):
    recorded("hits", es.search(index=books, query={"ids": query}, source=False))


def test_wrong_ids_are_refused(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("unknown option", refusal(es.search, index=books, query={"ids": {"value": ["a"]}}))
    recorded("not a list of ids", refusal(es.search, index=books, query={"ids": {"values": {"a": "b"}}}))
    recorded("not an object", refusal(es.search, index=books, query={"ids": ["a"]}))
