"""Queries that are refused, with the place in the body that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from headpond.node import Node
from headpond.node.http import Request

PROPERTIES = {
    "t": {"type": "text"},
    "n": {"type": "integer"},
    "d": {"type": "date"},
    "v": {"type": "dense_vector", "dims": 3},
    "s": {"type": "sparse_vector"},
    "c": {"type": "nested", "properties": {"t": {"type": "text"}}},
}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    node = Node()
    body = orjson.dumps({"mappings": {"properties": PROPERTIES}})
    node.handle(Request("PUT", "/i", {}, {"content-type": "application/json"}, body))
    yield node
    node.close()


def search(node: Node, body: bytes) -> tuple[int, dict[str, Any]]:
    response = node.handle(Request("POST", "/i/_search", {}, {"content-type": "application/json"}, body))
    return response.status, response.json()["error"]


PLACES = {
    "unknown-query": (b'{"query": {"matc": {"t": "x"}}}', "unknown query [matc] did you mean [match]?", 20),
    "unknown-option": (
        b'{"query": {"match": {"t": {"query": "x", "foo": 1}}}}',
        "[match] query does not support [foo]",
        49,
    ),
    "two-fields": (
        b'{"query": {"match": {"t": "x", "n": 1}}}',
        "[match] query doesn't support multiple fields, found [t] and [n]",
        37,
    ),
    "no-text": (b'{"query": {"match": {}}}', "No text specified for text query", 22),
    "not-an-object": (b'{"query": {"bool": []}}', "[bool] query malformed, no start_object after query name", 20),
    "two-queries": (
        b'{"query": {"bool": {}, "match": {}}}',
        "[bool] malformed query, expected [END_OBJECT] but found [FIELD_NAME]",
        24,
    ),
    "unknown-key": (b'{"sice": 1}', "Unknown key for a VALUE_NUMBER in [sice].", 10),
    "wrong-kind": (b'{"query": [1]}', "Unknown key for a START_ARRAY in [query].", 11),
    "no-field": (b'{"query": {"exists": {}}}', "[exists] must be provided with a [field]", 23),
}


@pytest.mark.parametrize(("body", "reason", "column"), PLACES.values(), ids=PLACES.keys())
def test_a_malformed_query_is_refused_with_line_and_column(node: Node, body: bytes, reason: str, column: int) -> None:
    status, error = search(node, body)
    assert status == 400
    assert (error["type"], error["reason"]) == ("parsing_exception", reason)
    assert (error["line"], error["col"]) == (1, column)
    status, error = search(node, b"\n\n" + body)
    assert (error["line"], error["col"]) == (3, column)


def test_an_error_in_a_clause_is_wrapped_by_the_query_around_it(node: Node) -> None:
    _, error = search(node, b'{"query": {"bool": {"should": {"bool": {"filter": {"foo": {}}}}}}}')
    assert error["type"] == "x_content_parse_exception"
    assert error["reason"] == "[1:59] [bool] failed to parse field [should]"
    assert error["caused_by"]["reason"] == "[1:59] [bool] failed to parse field [filter]"
    assert error["root_cause"] == [{"type": "parsing_exception", "reason": "unknown query [foo]", "line": 1, "col": 59}]


SHARDS = {
    "text-for-a-number": ({"term": {"n": "x"}}, 'failed to create query: For input string: "x"'),
    "no-nested-object": (
        {"nested": {"path": "x", "query": {"match_all": {}}}},
        "[nested] failed to find nested object",
    ),
    "dimensions": ({"knn": {"field": "v", "query_vector": [1, 2]}}, "has a different number of dimensions [2] than"),
    "zero-vector": ({"knn": {"field": "v", "query_vector": [0, 0, 0]}}, "does not support vectors with zero magnitude"),
    "knn-on-text": ({"knn": {"field": "t", "query_vector": [1]}}, "only supported on [dense_vector] fields"),
    "sparse-on-text": ({"sparse_vector": {"field": "t", "query_vector": {"a": 1}}}, "must be type [sparse_vector]"),
    "prefix-on-a-number": ({"prefix": {"n": "1"}}, "Can only use prefix queries on keyword, text and wildcard fields"),
    "analyzer": ({"match": {"t": {"query": "a", "analyzer": "x"}}}, "[match] analyzer [x] not found"),
}


@pytest.mark.parametrize(("query", "reason"), SHARDS.values(), ids=SHARDS.keys())
def test_a_query_that_does_not_suit_the_mapping_fails_in_its_shard(node: Node, query: Any, reason: str) -> None:
    status, error = search(node, orjson.dumps({"query": query}))
    assert (status, error["reason"], error["phase"]) == (400, "all shards failed", "query")
    assert reason in error["root_cause"][0]["reason"]
    assert error["failed_shards"][0]["index"] == "i"


MISSING: dict[str, dict[str, Any]] = {
    "query_string": {"query": {"query_string": {"query": "a"}}},
    "function_score": {"query": {"function_score": {}}},
    "terms-lookup": {"query": {"terms": {"n": {"index": "i", "id": "1", "path": "n"}}}},
    "highlight": {"highlight": {"fields": {"t": {}}}},
    "collapse-inner": {"collapse": {"field": "n", "inner_hits": {"name": "x"}}},
    "suggest": {"suggest": {"s": {"text": "a"}}},
    "profile": {"profile": True},
    "script-sort": {"sort": {"_script": {}}},
    "runtime": {"runtime_mappings": {"a": {"type": "long"}}},
}


@pytest.mark.parametrize("body", MISSING.values(), ids=MISSING.keys())
def test_what_is_known_but_missing_is_said(node: Node, body: dict[str, Any]) -> None:
    status, error = search(node, orjson.dumps(body))
    assert status == 501
    assert error["type"] == "not_implemented_exception"
    assert "is not implemented" in error["reason"]


def test_a_search_looks_for_each_query_of_the_package_by_name(node: Node) -> None:
    from headpond.node.query.base import MISSING as LACKING
    from headpond.node.query.base import QUERIES

    assert not set(QUERIES.names()) & set(LACKING)
    for name in QUERIES.names():
        assert QUERIES.get(name).__doc__
