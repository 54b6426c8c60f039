from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids, total
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

MAPPING: dict[str, Any] = {
    "properties": {
        "title": {"type": "text"},
        "chunks": {
            "type": "nested",
            "properties": {
                "text": {"type": "text"},
                "page": {"type": "integer"},
                "v": {"type": "dense_vector", "dims": 2, "index_options": {"type": "flat"}},
                "s": {"type": "sparse_vector"},
            },
        },
    }
}
DOCS: dict[str, dict[str, Any]] = {
    "one": {
        "title": "mill",
        "chunks": [
            {"text": "the mill pond", "page": 1, "v": [1, 0], "s": {"mill": 2.0, "pond": 1.0}},
            {"text": "the mill wheel turns", "page": 2, "v": [0.6, 0.8], "s": {"mill": 1.0, "wheel": 3.0}},
        ],
    },
    "two": {
        "title": "weir",
        "chunks": [{"text": "a weir above the mill", "page": 1, "v": [0, 1], "s": {"weir": 2.0, "mill": 0.5}}],
    },
    "three": {"title": "river"},
    "four": {
        "title": "one chunk as an object",
        "chunks": {"text": "pond", "page": 2, "v": [-1, 0], "s": {"pond": 4.0}},
    },
}
MILL = {"match": {"chunks.text": "mill"}}
PAGE_TWO = {"term": {"chunks.page": 2}}


@pytest.fixture
def nested(make_index: MakeIndex) -> str:
    return make_index(MAPPING, DOCS)


QUERIES: dict[str, dict[str, Any]] = {
    "average-is-the-default": {"path": "chunks", "query": MILL},
    "average": {"path": "chunks", "query": MILL, "score_mode": "avg"},
    "max": {"path": "chunks", "query": MILL, "score_mode": "max"},
    "min": {"path": "chunks", "query": MILL, "score_mode": "min"},
    "sum": {"path": "chunks", "query": MILL, "score_mode": "sum"},
    "none": {"path": "chunks", "query": MILL, "score_mode": "none"},
    "boost": {"path": "chunks", "query": MILL, "boost": 2},
    "both-in-one-chunk": {"path": "chunks", "query": {"bool": {"must": [MILL, PAGE_TWO]}}},
    "sparse-max": {
        "path": "chunks",
        "query": {"sparse_vector": {"field": "chunks.s", "query_vector": {"mill": 1.0, "pond": 1.0}}},
        "score_mode": "max",
    },
    "knn": {
        "path": "chunks",
        "query": {"knn": {"field": "chunks.v", "query_vector": [1, 0], "k": 3}},
        "score_mode": "max",
    },
    "exists": {"path": "chunks", "query": {"exists": {"field": "chunks.text"}}},
    "unmapped-path-ignored": {"path": "parts", "query": {"match_all": {}}, "ignore_unmapped": True},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_nested_finds_and_scores_like_elasticsearch(
    es: Elasticsearch, nested: str, recorded: Recorded, query: dict[str, Any]
):
    recorded("hits", es.search(index=nested, query={"nested": query}, source=False))


def test_conditions_must_hold_within_one_nested_object(es: Elasticsearch, nested: str):
    query = {"bool": {"must": [{"match": {"chunks.text": "pond"}}, PAGE_TWO]}}
    assert ids(es.search(index=nested, query={"nested": {"path": "chunks", "query": query}})) == ["four"]


def test_nested_fields_are_hidden_from_plain_queries(es: Elasticsearch, nested: str, recorded: Recorded):
    assert total(es.search(index=nested, query=MILL)) == 0
    recorded("count", es.count(index=nested))
    recorded("exists", es.search(index=nested, query={"exists": {"field": "chunks"}}, source=False))


INNER: dict[str, dict[str, Any]] = {
    "default": {},
    "size": {"size": 1},
    "from": {"from": 1, "size": 1},
    "name": {"name": "parts", "_source": False},
    "source": {"_source": ["chunks.page"]},
    "sort": {"sort": [{"chunks.page": "desc"}], "_source": False},
}


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER.keys())
def test_inner_hits_show_the_objects_that_matched(
    es: Elasticsearch, nested: str, recorded: Recorded, inner: dict[str, Any]
):
    query = {"nested": {"path": "chunks", "query": MILL, "score_mode": "max", "inner_hits": inner}}
    recorded("hits", es.search(index=nested, query=query, source=False))


def test_knn_over_nested_vectors_gives_each_document_once(es: Elasticsearch, nested: str, recorded: Recorded):
    knn: dict[str, Any] = {"field": "chunks.v", "query_vector": [0.8, 0.6], "k": 3, "num_candidates": 10}
    answer = es.search(index=nested, knn=knn, source=False)
    assert ids(answer) == ["one", "two", "four"]
    recorded("hits", answer)
    recorded("inner", es.search(index=nested, knn={**knn, "inner_hits": {"_source": False}}, source=False))
    filtered = {**knn, "filter": {"match": {"title": "weir"}}}
    recorded("filter on the parent", es.search(index=nested, knn=filtered, source=False))


def test_nested_knn_with_bm25_beside(es: Elasticsearch, nested: str, recorded: Recorded):
    knn = {"field": "chunks.v", "query_vector": [0.8, 0.6], "k": 2, "num_candidates": 10}
    recorded("hits", es.search(index=nested, query={"match": {"title": "river"}}, knn=knn, source=False))


def test_a_nested_document_is_replaced_and_deleted_whole(es: Elasticsearch, nested: str):
    def found() -> list[str]:
        return ids(es.search(index=nested, query={"nested": {"path": "chunks", "query": MILL}}))

    es.index(index=nested, id="one", document={"title": "x", "chunks": [{"text": "nothing"}]}, refresh=True)
    assert found() == ["two"]
    es.delete(index=nested, id="two", refresh=True)
    assert found() == []


def test_nested_in_nested(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    inner = {"type": "nested", "properties": {"w": {"type": "keyword"}}}
    name = make_index(
        {"properties": {"a": {"type": "nested", "properties": {"n": {"type": "integer"}, "b": inner}}}},
        [
            {"a": [{"n": 1, "b": [{"w": "x"}, {"w": "y"}]}, {"n": 2, "b": [{"w": "z"}]}]},
            {"a": {"n": 2, "b": {"w": "x"}}},
        ],
    )
    deep = {"nested": {"path": "a.b", "query": {"term": {"a.b.w": "x"}}}}
    query = {"nested": {"path": "a", "query": {"bool": {"must": [{"term": {"a.n": 2}}, deep]}}}}
    assert ids(es.search(index=name, query=query)) == ["2"]
    recorded("straight to the inner", es.search(index=name, query=deep, source=False))


def test_objects_that_are_not_nested_are_flattened(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"o": [{"a": "x", "b": "1"}, {"a": "y", "b": "2"}]}])
    query = {"bool": {"must": [{"match": {"o.a": "x"}}, {"match": {"o.b": "2"}}]}}
    assert total(es.search(index=name, query=query)) == 1
    recorded("refusal", refusal(es.search, index=name, query={"nested": {"path": "o", "query": query}}))


WRONG: dict[str, Any] = {
    "unmapped-path": {"path": "parts", "query": {"match_all": {}}},
    "no-path": {"query": {"match_all": {}}},
    "no-query": {"path": "chunks"},
    "unknown-score-mode": {"path": "chunks", "query": {"match_all": {}}, "score_mode": "median"},
    "unknown-key": {"path": "chunks", "query": {"match_all": {}}, "mode": "max"},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_nested_query_is_refused(es: Elasticsearch, nested: str, recorded: Recorded, query: Any):
    answer = refusal(es.search, index=nested, query={"nested": query})
    assert answer["status"] == 400
    recorded("refusal", answer)


def test_a_value_for_a_nested_field_is_refused(es: Elasticsearch, nested: str, recorded: Recorded):
    recorded("refusal", refusal(es.index, index=nested, id="x", document={"chunks": "text"}))
