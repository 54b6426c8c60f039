"""A pipeline that changes nothing changes nothing: every kind of search is answered as without the hook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

import headpond
from headpond.connect import connect
from tests.hooked.conftest import QUERY, fill
from tests.real.node import RealNode

KNN = {"field": "v", "query_vector": [1.0, 0.5], "k": 2, "num_candidates": 10}
BOTH = {"bool": {"should": [QUERY, {"term": {"kind": "a"}}]}}
SEARCHES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"query": QUERY}),
    ({}, {}),
    ({"q": "water"}, {}),
    ({"q": "water mill", "df": "body", "default_operator": "AND"}, {"query": {"match_all": {}}}),
    ({"size": "1", "from": "1"}, {"query": BOTH, "size": 7}),
    ({"sort": "rank:desc"}, {"query": BOTH}),
    ({"_source": "kind,b*"}, {"query": QUERY}),
    ({"_source": "false"}, {"query": QUERY}),
    ({"_source_includes": "*", "_source_excludes": "body"}, {"query": QUERY, "_source": False}),
    ({"_source_exclude_vectors": "false"}, {"query": QUERY, "_source": ["v", "kind"]}),
    ({"docvalue_fields": "kind,rank"}, {"query": QUERY}),
    ({"stored_fields": "_none_"}, {"query": QUERY}),
    ({"version": "true", "seq_no_primary_term": ""}, {"query": QUERY}),
    ({"explain": "true"}, {"query": QUERY}),
    ({"track_total_hits": "false"}, {"query": QUERY}),
    ({"track_total_hits": "1"}, {"query": BOTH}),
    ({"rest_total_hits_as_int": "true"}, {"query": QUERY}),
    ({"rest_total_hits_as_int": "true"}, {"query": QUERY, "track_total_hits": 5}),
    ({"typed_keys": "true"}, {"query": QUERY, "aggs": {"kinds": {"terms": {"field": "kind"}}}}),
    ({"filter_path": "hits.hits._id,hits.total"}, {"query": QUERY}),
    ({"filter_path": "-hits.hits._source,-took"}, {"query": QUERY}),
    ({"filter_path": "nothing"}, {"query": QUERY}),
    ({"routing": "1", "preference": "_local", "search_type": "dfs_query_then_fetch"}, {"query": QUERY}),
    ({"timeout": "10s", "terminate_after": "100", "allow_partial_search_results": "true"}, {"query": QUERY}),
    ({"request_cache": "true"}, {"query": QUERY, "size": 0}),
    ({"pretty": "", "human": "", "error_trace": "true"}, {"query": QUERY}),
    ({}, {"query": BOTH, "from": 1, "size": 1}),
    ({}, {"query": BOTH, "min_score": 0.3}),
    ({}, {"query": BOTH, "highlight": {"fields": {"body": {}}}}),
    ({}, {"query": BOTH, "fields": ["kind", "r*"], "_source": False}),
    ({}, {"query": BOTH, "sort": [{"kind": "desc"}, "_score"], "track_scores": True}),
    ({}, {"query": BOTH, "sort": ["_score", {"rank": "asc"}]}),
    ({}, {"query": BOTH, "sort": [{"rank": "asc"}], "search_after": [1]}),
    ({}, {"query": BOTH, "collapse": {"field": "kind"}}),
    ({}, {"query": BOTH, "post_filter": {"term": {"kind": "b"}}}),
    ({}, {"query": BOTH, "rescore": {"window_size": 2, "query": {"rescore_query": QUERY}}}),
    ({}, {"query": BOTH, "knn": KNN}),
    ({}, {"retriever": {"knn": KNN}}),
    ({}, {"retriever": {"standard": {"query": BOTH, "min_score": 0.3}}, "size": 1}),
    ({}, {"query": BOTH, "profile": True, "size": 0}),
    ({}, {"query": BOTH, "suggest": {"s": {"text": "watr", "term": {"field": "body"}}}}),
    ({}, {"query": BOTH, "script_fields": {"twice": {"script": "doc['rank'].value * 2"}}}),
    ({"scroll": "1s"}, {"query": QUERY, "size": 1}),
    ({"size": "-1"}, {"query": QUERY}),
    ({"size": "x"}, {"query": QUERY}),
    ({"unknown": "1"}, {"query": QUERY}),
    ({"sort": "missing"}, {"query": QUERY}),
    ({}, {"query": QUERY, "size": 10_001}),
    ({}, {"query": QUERY, "from": 9_999, "size": 2}),
    ({}, {"query": QUERY, "sizes": 1}),
    ({}, {"query": {"match": {"body": {"quer": "x"}}}}),
    ({}, {"query": QUERY, "retriever": {"knn": KNN}}),
    ({}, {"query": QUERY, "ext": {"unknown": {}}}),
]
VARYING = ("took", "_scroll_id", "profile", "stack_trace")


@pytest.fixture(params=["pond", pytest.param("real", marks=pytest.mark.real)])
def client(request: pytest.FixtureRequest) -> Iterator[Elasticsearch]:
    if request.param == "pond":
        target, options = "memory", dict[str, Any]()
    else:
        node: RealNode = request.getfixturevalue("real_node")
        # The machine may be busy.
        target, options = node.url, {"inference": "embedded", "request_timeout": 120}
    with connect(target, **options) as es:
        es.indices.delete(index="same-1", ignore_unavailable=True)
        properties = {"body": {"type": "text"}, "kind": {"type": "keyword"}, "rank": {"type": "integer"},
                      "v": {"type": "dense_vector", "dims": 2, "index_options": {"type": "flat"}}}  # fmt: skip
        es.indices.create(index="same-1", settings={"number_of_shards": 1}, mappings={"properties": properties})
        fill(es, "same-1")
        for id in ("1", "2", "3"):
            es.update(index="same-1", id=id, doc={"v": [int(id), 1]}, refresh=True)
        yield es
        es.indices.delete(index="same-1")


def test_every_search_is_answered_as_without_the_hook(client: Elasticsearch) -> None:
    hooked = headpond.hook(client, stages=[lambda hits: hits])
    different = [
        (params, body, plain, found)
        for params, body in SEARCHES
        if (plain := asked(client, params, body)) != (found := asked(hooked, params, body))
    ]
    assert different == []


def test_and_so_are_those_of_an_msearch(client: Elasticsearch) -> None:
    hooked = headpond.hook(client, stages=[lambda hits: hits])
    lines = [line for params, body in SEARCHES if not params for line in ({"index": "same-1"}, body)]
    for size in (2, 4):
        for first in range(0, len(lines), size):
            some = lines[first : first + size]
            assert asked(client, {}, some, "_msearch") == asked(hooked, {}, some, "_msearch"), some


def asked(es: Elasticsearch, params: dict[str, Any], body: Any, api: str = "_search") -> tuple[int, Any]:
    """The status and the body of the answer, without what differs between two of the same."""
    kind = "application/json" if api == "_search" else "application/x-ndjson"
    headers = {"accept": "application/json", "content-type": kind}
    try:
        answer = es.perform_request("POST", f"/same-1/{api}", params=params, headers=headers, body=body)
    except ApiError as error:
        if error.meta.status == 501:
            return 501, "the pond has no such thing, whatever it is called"
        return error.meta.status, without(error.body)
    return answer.meta.status, without(answer.body)


def without(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: without(value) for key, value in node.items() if key not in VARYING}
    if isinstance(node, list):
        return [without(item) for item in node]
    return json.loads(node) if isinstance(node, bytes) else node
