"""JSON objects that have a key twice are refused wherever they stand."""

import pytest
from elasticsearch import ApiError, Elasticsearch

from tests.parity.conftest import MakeIndex

pytestmark = pytest.mark.parity

JSON = {"content-type": "application/json", "accept": "application/json"}
LINES = {"content-type": "application/x-ndjson", "accept": "application/json"}

# name -> (method, path, body, what it says); INDEX is the test's index
REQUESTS = {
    "search": ("POST", "/INDEX/_search", b'{"size":1,\n "size":2}', "[2:8] Duplicate field 'size'"),
    "query": ("POST", "/INDEX/_search", b'{"query":{"term":{"a":"b","a":"c"}}}', "[1:30] Duplicate field 'a'"),
    "escaped": ("POST", "/INDEX/_search", b'{"size":1,"si\\u007ae" :2}', "[1:22] Duplicate field 'size'"),
    "document": (
        "PUT",
        "/INDEX/_doc/1",
        b'{"o":[{"b":1},{"b":1,"b":2}]}',
        "failed to parse: [1:25] Duplicate field 'b'",
    ),
    "document-with-colons": ("PUT", "/INDEX/_doc/1", b'{"a":"x\\":1, :","a":2}', "[1:20] Duplicate field 'a'"),
    "action": ("POST", "/INDEX/_bulk", b'{"index":{"_id":"1","_id":"2"}}\n{}\n', "[1:26] Duplicate field '_id'"),
    "update": ("POST", "/INDEX/_update/1", b'{"doc":{},"doc":{}}', "[1:16] Duplicate field 'doc'"),
    "header": ("POST", "/_msearch", b'{"index":"a","index":"b"}\n{}\n', "[1:21] Duplicate field 'index'"),
    "searches": ("POST", "/_msearch", b'{"index":"INDEX"}\n{"size":1,"size":2}\n', "[1:17] Duplicate field 'size'"),
    "ids": ("POST", "/INDEX/_mget", b'{"ids":["1"],"ids":["2"]}', "[1:19] Duplicate field 'ids'"),
    "mapping": ("PUT", "/INDEX.x", b'{"mappings":{},"mappings":{}}', "[1:26] Duplicate field 'mappings'"),
    "aliases": ("POST", "/_aliases", b'{"actions":[],"actions":[]}', "[1:24] Duplicate field 'actions'"),
    "analyze": ("POST", "/_analyze", b'{"text":"a","text":"b"}', "[1:19] Duplicate field 'text'"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_key_that_is_there_twice_is_refused(es: Elasticsearch, make_index: MakeIndex, name: str) -> None:
    index = make_index(None, [{"a": "b"}])
    method, path, body, says = REQUESTS[name]
    with pytest.raises(ApiError) as caught:
        es.perform_request(
            method,
            path.replace("INDEX", index),
            headers=LINES if path.endswith(("_bulk", "_msearch")) else JSON,
            body=body.replace(b"INDEX", index.encode()),
        )
    assert caught.value.meta.status == 400
    error = caught.value.body["error"]
    kind = "document_parsing_exception" if "document" in name else "x_content_parse_exception"
    assert (error["type"], error["root_cause"][0]["type"]) == (kind, kind)
    assert says in error["reason"]


def test_only_that_document_of_a_bulk_request_fails(es: Elasticsearch, make_index: MakeIndex) -> None:
    index = make_index()
    body = b'{"index":{"_id":"1"}}\n{"a":1,"a":2}\n{"index":{"_id":"2"}}\n{"a":1}\n'
    answer = es.perform_request("POST", f"/{index}/_bulk", headers=LINES, body=body)
    assert [item["index"]["status"] for item in answer["items"]] == [400, 201]
    cause = answer["items"][0]["index"]["error"]["caused_by"]
    assert (cause["type"], cause["reason"].split("\n")[0]) == (
        "x_content_parse_exception",
        "[1:11] Duplicate field 'a'",
    )
