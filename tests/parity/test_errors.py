"""Requests that no API takes: how each is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

JSON = {"content-type": "application/json", "accept": "application/json"}

# name -> (method, path, parameters, body); BOOKS is the index of books
REQUESTS: dict[str, tuple[str, str, dict[str, Any], bytes | None]] = {
    "unknown-query": ("POST", "/BOOKS/_search", {}, b'{"query": {"matsch": {"title": "x"}}}'),
    "unknown-query-far-from-all": ("POST", "/BOOKS/_search", {}, b'{"query": {"qwertz": {}}}'),
    "query-without-object": ("POST", "/BOOKS/_search", {}, b'{"query": "river"}'),
    "unknown-key-in-search": ("POST", "/BOOKS/_search", {}, b'{"qwertz": 1}'),
    "columns-count-bytes": ("POST", "/BOOKS/_search", {}, '{"query": {"match": {"tüß": {"quer": 1}}}}'.encode()),
    "columns-of-keys-count-bytes": ("POST", "/BOOKS/_search", {}, '{"size": 1,\n "ä": "ü", "sizee": 1}'.encode()),
    "columns-of-ends-count-bytes": ("POST", "/BOOKS/_search", {}, '{"query": {"bool": {"ü": "ß"}, "x": 1}}'.encode()),
    "search-body-is-a-list": ("POST", "/BOOKS/_search", {}, b"[1]"),
    "search-body-is-a-text": ("POST", "/BOOKS/_search", {}, b'"x"'),
    "missing-index": ("GET", "/parity-none/_search", {}, None),
    "unknown-parameter": ("GET", "/BOOKS/_search", {"sice": 3}, None),
    "unknown-parameters": ("GET", "/BOOKS/_search", {"sice": 3, "form": 2}, None),
    "parameter-of-the-wrong-type": ("GET", "/BOOKS/_search", {"size": "many"}, None),
    "boolean-parameter-of-the-wrong-type": ("GET", "/BOOKS/_search", {"ignore_unavailable": "perhaps"}, None),
    "refresh-of-the-wrong-kind": ("PUT", "/BOOKS/_doc/1", {"refresh": "now"}, b"{}"),
    "unknown-parameter-of-a-write": ("PUT", "/BOOKS/_doc/1", {"refesh": "true"}, b"{}"),
    "no-body": ("PUT", "/BOOKS/_doc/1", {}, None),
    "get-without-id": ("GET", "/BOOKS/_doc", {}, None),
    "wrong-method": ("PATCH", "/BOOKS/_search", {}, None),
    "wrong-method-on-doc": ("PATCH", "/BOOKS/_doc/1", {}, b"{}"),
    "unknown-endpoint-of-an-index": ("GET", "/BOOKS/_nothing", {}, None),
    "unknown-endpoint": ("GET", "/_nothing", {}, None),
    "unknown-endpoint-by-post": ("POST", "/_nothing/at/all", {}, b"{}"),
    "too-deep-a-path": ("GET", "/a/b/c/d/e", {}, None),
    "bad-index-name": ("PUT", "/Upper", {}, None),
    "bad-percent-encoding": ("GET", "/BOOKS/_doc/%zz", {}, None),
    "unknown-cat": ("GET", "/_cat/nothing", {}, None),
    "bulk-without-body": ("POST", "/_bulk", {}, None),
    "count-with-an-unknown-key": ("POST", "/BOOKS/_count", {}, b'{"qwertz": {}}'),
    "mapping-without-body": ("PUT", "/BOOKS/_mapping", {}, None),
    "settings-of-nothing": ("GET", "/parity-none/_settings", {}, None),
    "health-of-nothing": ("GET", "/_cluster/health/parity-none", {"timeout": "1ms"}, None),
    "health-with-a-wrong-level": ("GET", "/_cluster/health", {"level": "deep"}, None),
    "health-with-a-wrong-status": ("GET", "/_cluster/health", {"wait_for_status": "blue"}, None),
    "time-without-a-unit": ("GET", "/_cluster/health", {"timeout": "5"}, None),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_is_refused_like_in_elasticsearch(
    es: Elasticsearch,
    books: str,
    recorded: Recorded,
    request_: tuple[str, str, dict[str, Any], bytes | None],
):
    method, path, params, body = request_
    answer = refusal(es.perform_request, method, path.replace("BOOKS", books), params=params, headers=JSON, body=body)
    recorded("refusal", _without_suggestions(answer))


def _without_suggestions(value: Any) -> Any:
    """Leaves out which names are near: it depends on what else a node knows."""
    if isinstance(value, dict):
        return {key: _without_suggestions(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_suggestions(one) for one in value]
    return re.sub(r" -> did you mean [^?]*\?", "", value) if isinstance(value, str) else value


BROKEN: dict[str, bytes] = {
    "cut-off": b'{"size": 1',
    "no-quotes": b"{query: 1}",
    "trailing-comma": b'{"size": 1,}',
    "something-behind": b'{"size": 1} x',
    "blank": b"   ",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_json_is_refused(es: Elasticsearch, books: str, recorded: Recorded, body: bytes):
    answer = refusal(es.perform_request, "POST", f"/{books}/_search", headers=JSON, body=body)
    assert answer["status"] == 400
    # The parser's words are its own.
    error = answer["body"]["error"]
    recorded("refusal", {"status": 400, "type": error["type"], "root": error["root_cause"][0]["type"]})


def test_a_content_type_that_is_not_known_is_refused(es: Elasticsearch, books: str, recorded: Recorded):
    headers = {"content-type": "text/plain", "accept": "application/json"}
    recorded("text", refusal(es.perform_request, "POST", f"/{books}/_search", headers=headers, body="{}"))


def test_ids_that_clash_with_an_endpoint_stay_ids(es: Elasticsearch, make_index: MakeIndex):
    name = make_index()
    for key in ("_search", "_mapping", "_doc"):
        es.index(index=name, id=key, document={"k": key})
        assert es.get(index=name, id=key)["_source"] == {"k": key}


def test_the_product_is_named_in_every_answer(es: Elasticsearch, books: str):
    assert es.count(index=books).meta.headers["x-elastic-product"] == "Elasticsearch"
    assert es.options(ignore_status=404).count(index="parity-none").meta.headers["x-elastic-product"] == "Elasticsearch"


def test_json_is_answered_in_the_version_asked_for(es: Elasticsearch, books: str):
    content_type = es.count(index=books).meta.headers["content-type"]
    assert content_type == "application/vnd.elasticsearch+json;compatible-with=9"
