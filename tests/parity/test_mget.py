from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


def test_documents_come_in_the_order_asked_for(es: Elasticsearch, books: str, recorded: Recorded):
    answer = es.mget(index=books, ids=["sea", "nobody", "mills", "sea"], source_includes="title")
    assert [doc["found"] for doc in answer["docs"]] == [True, False, True, True]
    recorded("docs", answer)


def test_each_document_may_have_its_own_index_and_source(es: Elasticsearch, books: str, recorded: Recorded):
    docs = [
        {"_index": books, "_id": "sea", "_source": False},
        {"_index": books, "_id": "sea", "_source": ["title", "year"]},
        {"_index": books, "_id": "sea", "_source": {"includes": ["p*"], "excludes": ["price"]}},
        {"_index": "parity-not-there", "_id": "sea"},
    ]
    recorded("docs", es.mget(docs=docs))


def test_a_wrong_mget_is_refused(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("nothing", refusal(es.mget, index=books, body={}))
    recorded("no ids", refusal(es.mget, index=books, ids=[]))
    recorded("no index", refusal(es.mget, ids=["sea"]))
    recorded("no id", refusal(es.mget, docs=[{"_index": books}]))
    recorded("unknown key", refusal(es.mget, docs=[{"_index": books, "_idd": "sea"}]))
    recorded("unknown member", refusal(es.mget, index=books, body={"idz": ["sea"]}))
