"""Aggregations: buckets and numbers about all documents that a query matches."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import PREFIX, fill
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

MAPPINGS: dict[str, Any] = {
    "properties": {
        "kind": {"type": "keyword"},
        "tags": {"type": "keyword"},
        "count": {"type": "long"},
        "price": {"type": "double"},
        "weight": {"type": "float"},
        "half": {"type": "half_float"},
        "day": {"type": "date"},
        "sold": {"type": "boolean"},
        "text": {"type": "text"},
        "bare": {"type": "keyword", "doc_values": False},
        "vector": {"type": "dense_vector", "dims": 2},
        "parts": {"type": "nested", "properties": {"size": {"type": "long"}}},
    }
}
FIRST: list[dict[str, Any]] = [
    {
        "kind": "mill",
        "count": 1,
        "price": 1.5,
        "day": "2024-01-01",
        "sold": True,
        "text": "by the river",
        "weight": 1.1,
    },
    {"kind": "mill", "count": 2, "price": 2.25, "tags": ["p", "q"], "text": "river", "weight": 2.3, "half": 1.1},
    {"kind": "pond", "count": [3, 3, 4], "sold": False, "day": "2024-02-01T10:00:00Z", "tags": ["q", "q", "p"]},
    {"text": "a river", "price": 0.1, "parts": [{"size": 5}]},
    {"kind": "weir", "count": -7, "price": 0.2, "tags": "z", "text": "river"},
]
SECOND: list[dict[str, Any]] = [
    {"kind": "lock", "count": 9, "sold": True, "text": "river"},
    {"kind": "mill", "count": 7, "tags": ["r", "p"], "price": 100},
]
METRICS = ("min", "max", "avg", "sum", "stats", "value_count", "cardinality")
NUMBERS = ("count", "price", "weight", "half", "day", "sold", "nowhere", "parts.size")
BY_KIND: dict[str, Any] = {"field": "kind"}
NESTED: dict[str, Any] = {
    "all": {
        "terms": BY_KIND,
        "aggs": {
            "tags": {"terms": {"field": "tags"}, "aggs": {"price": {"stats": {"field": "price"}}}},
            "count": {"max": {"field": "count"}},
        },
    }
}
TREES: dict[str, dict[str, Any]] = {
    "nested": NESTED,
    "by-number-below": {
        "x": {"terms": {**BY_KIND, "order": {"n": "desc"}}, "aggs": {"n": {"max": {"field": "count"}}}},
    },
    "by-one-of-several-numbers-below": {
        "x": {"terms": {**BY_KIND, "order": {"n.avg": "asc"}}, "aggs": {"n": {"stats": {"field": "count"}}}},
    },
    "by-a-number-that-some-lack": {
        "x": {
            "terms": {**BY_KIND, "order": [{"n": "asc"}, {"_key": "desc"}]},
            "aggs": {"n": {"avg": {"field": "price"}}},
        },
    },
    "by-a-least-that-some-lack": {
        "x": {"terms": {**BY_KIND, "order": {"n": "asc"}}, "aggs": {"n": {"min": {"field": "weight"}}}},
    },
    "several": {"a": {"min": {"field": "count"}}, "b": {"terms": BY_KIND}, "c": {"value_count": {"field": "tags"}}},
    "filter": {"x": {"filter": {"term": {"kind": "mill"}}, "aggs": {"s": {"sum": {"field": "count"}}}}},
    "filter-by-words": {"x": {"filter": {"match": {"text": "river"}}, "aggregations": {"s": {"terms": BY_KIND}}}},
    "filters": {
        "x": {
            "filters": {"filters": {"b": {"term": {"kind": "mill"}}, "a": {"match_all": {}}}},
            "aggs": {"s": {"avg": {"field": "price"}}},
        }
    },
    "filters-in-a-list": {"x": {"filters": {"filters": [{"term": {"kind": "mill"}}, {"match_all": {}}]}}},
    "filters-others": {"x": {"filters": {"filters": [{"term": {"kind": "mill"}}], "other_bucket": True}}},
    "filters-others-named": {
        "x": {
            "filters": {"filters": {"m": {"term": {"kind": "mill"}}}, "other_bucket_key": "rest"},
            "aggs": {"s": {"terms": {"field": "tags"}}},
        }
    },
    "filters-not-keyed": {"x": {"filters": {"filters": {"m": {"term": {"kind": "mill"}}}, "keyed": False}}},
    "meta": {"x": {"terms": BY_KIND, "meta": {"a": 1}}},
    "missing-number": {"x": {"avg": {"field": "price", "missing": 10}}, "y": {"sum": {"field": "count", "missing": 2}}},
    "missing-counts": {
        "x": {"value_count": {"field": "kind", "missing": "none"}},
        "y": {"cardinality": {"field": "kind", "missing": "none"}},
        "z": {"terms": {"field": "count", "missing": 2}},
    },
    "include-numbers": {
        "x": {"terms": {"field": "count", "include": [3, 2, 100]}},
        "y": {"terms": {"field": "count", "exclude": ["3", "2"]}},
        "z": {"terms": {"field": "price", "include": [0.1, 1.5]}},
        "nowhere": {"terms": {"field": "nowhere", "include": ["a"]}},
    },
    "precision": {"x": {"cardinality": {"field": "tags", "precision_threshold": 100}}},
    "no-aggregations": {},
}
TERMS: dict[str, dict[str, Any]] = {
    "size": {"size": 1},
    "by-key": {"order": {"_key": "desc"}},
    "by-count": {"order": {"_count": "asc"}},
    "by-count-and-key": {"order": [{"_count": "asc"}, {"_key": "desc"}]},
    "missing": {"missing": "none"},
    "missing-that-is-there": {"missing": "mill"},
    "at-least-two": {"min_doc_count": 2},
    "include": {"include": ["mill", "pond"]},
    "exclude": {"exclude": ["mill"]},
    "errors": {"show_term_doc_count_error": True, "shard_size": 100},
    "hints": {"execution_hint": "map", "collect_mode": "breadth_first"},
}
REFUSED: dict[str, dict[str, Any]] = {
    "text": {"x": {"terms": {"field": "text"}}},
    "keyword-as-number": {"x": {"min": {"field": "kind"}}},
    "without-columns": {"x": {"terms": {"field": "bare"}}},
    "id": {"x": {"cardinality": {"field": "_id"}}},
    "size-zero": {"x": {"terms": {**BY_KIND, "size": 0}}},
    "unknown-member": {"x": {"terms": {**BY_KIND, "foo": 1}}},
    "unknown-type": {"x": {"termz": BY_KIND}},
    "nothing": {"x": {}},
    "no-field": {"x": {"terms": {}}},
    "two-types": {"x": {"terms": BY_KIND, "min": {"field": "count"}}},
    "name": {"x[": {"terms": BY_KIND}},
    "below-a-number": {"x": {"min": {"field": "count"}, "aggs": {"y": {"min": {"field": "count"}}}}},
    "a-number": {"x": 5},
    "a-list": {"x": {"terms": []}},
    "no-filters": {"x": {"filters": {}}},
    "missing-is-no-number": {"x": {"avg": {"field": "count", "missing": "q"}}},
    "less-than-no-documents": {"x": {"terms": {**BY_KIND, "min_doc_count": -1}}},
    "order-direction": {"x": {"terms": {**BY_KIND, "order": {"_count": "up"}}}},
    "empty-order": {"x": {"terms": {**BY_KIND, "order": {}}}},
    "unknown-query": {"x": {"filter": {"matsch": {}}}},
}


@pytest.fixture(scope="module")
def indices(es: Elasticsearch) -> Iterator[list[str]]:
    names = [f"{PREFIX}aggregations-1", f"{PREFIX}aggregations-2"]
    for name, docs in zip(names, (FIRST, SECOND), strict=True):
        es.indices.delete(index=name, ignore_unavailable=True)
        es.indices.create(index=name, mappings=MAPPINGS)
        fill(es, name, docs)
    yield names
    for name in names:
        es.indices.delete(index=name)


def aggregated(es: Elasticsearch, index: Any, aggs: dict[str, Any], **more: Any) -> Any:
    return es.search(index=index, size=0, aggs=aggs, **more).body.get("aggregations")


@pytest.mark.parametrize("metric", METRICS)
def test_metrics(es: Elasticsearch, indices: list[str], recorded: Recorded, metric: str) -> None:
    of = NUMBERS if metric not in ("value_count", "cardinality") else (*NUMBERS, "kind", "tags")
    aggs = {field: {metric: {"field": field}} for field in of}
    recorded("one index", aggregated(es, indices[0], aggs))
    recorded("two indices", aggregated(es, indices, aggs))
    recorded("no documents", aggregated(es, indices, aggs, query={"term": {"kind": "nope"}}))


@pytest.mark.parametrize("field", [*NUMBERS, "kind", "tags"])
def test_terms_of_a_field(es: Elasticsearch, indices: list[str], recorded: Recorded, field: str) -> None:
    aggs = {"x": {"terms": {"field": field}}}
    recorded("one index", aggregated(es, indices[0], aggs))
    recorded("two indices", aggregated(es, indices, aggs))
    recorded("no documents", aggregated(es, indices, aggs, query={"term": {"kind": "nope"}}))


@pytest.mark.parametrize("name", TERMS)
def test_options_of_terms(es: Elasticsearch, indices: list[str], recorded: Recorded, name: str) -> None:
    aggs = {"x": {"terms": {**BY_KIND, **TERMS[name]}}}
    recorded("one index", aggregated(es, indices[0], aggs))
    recorded("two indices", aggregated(es, indices, aggs))


@pytest.mark.parametrize("name", TREES)
def test_trees(es: Elasticsearch, indices: list[str], recorded: Recorded, name: str) -> None:
    recorded("one index", aggregated(es, indices[0], TREES[name]))
    recorded("two indices", aggregated(es, indices, TREES[name]))


@pytest.mark.parametrize("name", REFUSED)
def test_refused(es: Elasticsearch, indices: list[str], recorded: Recorded, name: str) -> None:
    recorded("refusal", refusal(es.search, index=indices[0], size=0, aggs=REFUSED[name]))


@pytest.mark.parametrize(
    "more",
    [
        {"query": {"match": {"text": "river"}}},
        {"query": {"match": {"text": "river"}}, "min_score": 0.1},
        {"query": {"match": {"text": "river"}}, "post_filter": {"term": {"kind": "mill"}}},
        {"query": {"match": {"text": "river"}}, "sort": "price", "from_": 1},
        {"query": {"match": {"text": "river"}}, "collapse": {"field": "kind"}},
        {"knn": {"field": "vector", "query_vector": [1, 0], "k": 3}},
    ],
    ids=["query", "least-score", "post-filter", "sorted", "collapsed", "knn"],
)
def test_what_is_aggregated(es: Elasticsearch, indices: list[str], recorded: Recorded, more: dict[str, Any]) -> None:
    answer = es.search(index=indices[0], aggs=NESTED, **more)
    recorded("aggregations", answer["aggregations"])
    recorded("total", answer["hits"]["total"])
    recorded("members", sorted(answer.body))


def test_without_an_index_there_are_none(es: Elasticsearch) -> None:
    answer = es.search(index=f"{PREFIX}none", ignore_unavailable=True, aggs=NESTED)
    assert "aggregations" not in answer.body


def test_typed_keys(es: Elasticsearch, indices: list[str], recorded: Recorded) -> None:
    aggs = {
        **NESTED,
        "counts": {"terms": {"field": "count"}},
        "prices": {"terms": {"field": "price"}},
        "nowhere": {"terms": {"field": "nowhere"}},
        "filter": {"filter": {"match_all": {}}},
        "filters": {"filters": {"filters": [{"match_all": {}}]}},
        **{metric: {metric: {"field": "count"}} for metric in METRICS},
    }
    recorded("search", aggregated(es, indices[0], aggs, typed_keys=True))
    searches: list[dict[str, Any]] = [{"index": indices[0]}, {"size": 0, "aggs": aggs}]
    recorded("searches", es.msearch(searches=searches, typed_keys=True)["responses"][0]["aggregations"])


def test_an_order_by_what_is_not_there_is_refused(es: Elasticsearch, indices: list[str]) -> None:
    with pytest.raises(ApiError, match=r"Invalid aggregation order path \[nope\]"):
        aggregated(es, indices[0], {"x": {"terms": {**BY_KIND, "order": {"nope": "desc"}}}})
