from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


@pytest.fixture
def one(make_index: MakeIndex) -> str:
    """An index with the document `1`."""
    return make_index(None, [{"title": "weir", "count": 1, "inner": {"a": 1, "b": [1, 2]}}])


def test_an_update_merges_objects_and_replaces_arrays(es: Elasticsearch, one: str, recorded: Recorded):
    recorded("updated", es.update(index=one, id="1", doc={"inner": {"b": [3], "c": None}, "new": True}))
    answer = es.get(index=one, id="1")
    assert answer["_source"]["inner"] == {"a": 1, "b": [3], "c": None}
    recorded("get", answer)


def test_an_update_that_changes_nothing_is_a_noop(es: Elasticsearch, one: str, recorded: Recorded):
    answer = es.update(index=one, id="1", doc={"title": "weir", "inner": {"a": 1}})
    assert answer["result"] == "noop"
    recorded("noop", answer)
    recorded("not detected", es.update(index=one, id="1", doc={"title": "weir"}, detect_noop=False))


def test_an_update_of_nothing_is_refused(es: Elasticsearch, one: str, recorded: Recorded):
    recorded("missing", refusal(es.update, index=one, id="nobody", doc={"a": 1}))
    recorded("no doc", refusal(es.update, index=one, id="1"))
    recorded("unknown key", refusal(es.update, index=one, id="1", body={"dok": {}}))
    recorded("doc is no object", refusal(es.update, index=one, id="1", body={"doc": 3}))


def test_an_upsert_creates_what_is_missing(es: Elasticsearch, one: str, recorded: Recorded):
    recorded("created", es.update(index=one, id="2", doc={"a": 1}, upsert={"b": 2}))
    assert es.get(index=one, id="2")["_source"] == {"b": 2}
    recorded("then updated", es.update(index=one, id="2", doc={"a": 1}, upsert={"b": 2}))
    assert es.get(index=one, id="2")["_source"] == {"b": 2, "a": 1}


def test_a_doc_may_be_its_own_upsert(es: Elasticsearch, one: str, recorded: Recorded):
    recorded("created", es.update(index=one, id="3", doc={"a": 1}, doc_as_upsert=True))
    recorded("noop", es.update(index=one, id="3", doc={"a": 1}, doc_as_upsert=True))
    assert es.get(index=one, id="3")["_source"] == {"a": 1}


def test_an_update_returns_the_source_on_request(es: Elasticsearch, one: str, recorded: Recorded):
    recorded("all", es.update(index=one, id="1", doc={"count": 2}, source=True))
    recorded("some", es.update(index=one, id="1", doc={"count": 3}, source=["count"]))
    recorded("includes", es.update(index=one, id="1", doc={"count": 4}, source_includes="inner.*"))


def test_an_update_with_refresh_is_found_at_once(es: Elasticsearch, one: str, recorded: Recorded):
    recorded("updated", es.update(index=one, id="1", doc={"title": "mill"}, refresh=True))
    assert es.count(index=one, query={"match": {"title": "mill"}})["count"] == 1
    assert es.count(index=one, query={"match": {"title": "weir"}})["count"] == 0


def test_an_update_keeps_the_vectors_that_source_does_not_show(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    name = make_index(
        {
            "properties": {
                "v": {"type": "dense_vector", "dims": 2, "index_options": {"type": "flat"}},
                "s": {"type": "sparse_vector"},
            }
        },
        [{"v": [1, 0], "s": {"a": 2.0}, "n": 1}],
    )
    es.update(index=name, id="1", doc={"n": 2}, refresh=True)
    recorded("shown", es.get(index=name, id="1"))
    recorded("with vectors", es.get(index=name, id="1", source_exclude_vectors=False))
    knn = {"field": "v", "query_vector": [1, 0], "k": 1, "num_candidates": 1}
    assert es.search(index=name, knn=knn)["hits"]["hits"][0]["_score"] == pytest.approx(1.0)
