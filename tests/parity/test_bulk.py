from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch, helpers

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

NDJSON = {"content-type": "application/x-ndjson", "accept": "application/json"}
STRICT = {"dynamic": "strict", "properties": {"n": {"type": "integer"}, "text": {"type": "text"}}}


def send(es: Elasticsearch, body: str | bytes, path: str = "/_bulk", **params: Any) -> Any:
    """A bulk request of exactly these bytes."""
    raw = body.encode() if isinstance(body, str) else body
    return es.perform_request("POST", path, params=params, headers=NDJSON, body=raw)


def test_every_action_answers_in_order(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"n": 1}, {"n": 2}])
    answer = es.bulk(
        index=name,
        operations=[
            {"index": {"_id": "1"}},
            {"n": 10},
            {"create": {"_id": "3"}},
            {"n": 30},
            {"update": {"_id": "2"}},
            {"doc": {"m": 5}},
            {"delete": {"_id": "1"}},
            {"delete": {"_id": "nobody"}},
            {"index": {}},
            {"n": 40},
        ],
    )
    results = [next(iter(item.values())).get("result") for item in answer["items"]]
    assert results == ["updated", "created", "updated", "deleted", "not_found", "created"]
    assert answer["errors"] is False
    recorded("items", answer)


def test_each_failed_item_says_why_and_the_others_are_done(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    name = make_index(STRICT, [{"n": 1}])
    answer = es.bulk(
        index=name,
        refresh=True,
        operations=[
            {"create": {"_id": "1"}},
            {"n": 2},
            {"index": {"_id": "2"}},
            {"n": "many"},
            {"index": {"_id": "3"}},
            {"unknown": 1},
            {"update": {"_id": "nobody"}},
            {"doc": {"n": 3}},
            {"index": {"_id": "4"}},
            {"n": 4},
            {"index": {"_id": "5", "if_seq_no": 7, "if_primary_term": 1}},
            {"n": 5},
        ],
    )
    assert answer["errors"] is True
    statuses = [next(iter(item.values()))["status"] for item in answer["items"]]
    assert statuses == [409, 400, 400, 404, 201, 409]
    recorded("items", answer)
    assert es.count(index=name)["count"] == 2


def test_items_may_name_their_indices(es: Elasticsearch, make_index: MakeIndex, index: str, recorded: Recorded):
    one, two = make_index(suffix="one"), make_index(suffix="two")
    operations = [
        {"index": {"_index": one, "_id": "a"}},
        {"n": 1},
        {"index": {"_index": two, "_id": "a"}},
        {"n": 2},
        {"index": {"_index": f"{index}.made", "_id": "a"}},
        {"n": 3},
    ]
    recorded("items", es.bulk(operations=operations, refresh=True))
    recorded("found", es.search(index=f"{index}.*", sort="n"))


def test_require_alias_and_missing_indices_fail_per_item(es: Elasticsearch, index: str, recorded: Recorded):
    operations: list[dict[str, Any]] = [
        {"index": {"_index": f"{index}.new", "_id": "a", "require_alias": True}},
        {"n": 1},
        {"update": {"_index": f"{index}.gone", "_id": "a"}},
        {"doc": {"n": 1}},
        {"delete": {"_index": f"{index}.gone", "_id": "a"}},
        {"index": {"_index": "UPPER", "_id": "a"}},
        {"n": 1},
    ]
    recorded("items", es.bulk(operations=operations))


def test_updates_in_bulk(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"n": 1}])
    operations: list[dict[str, Any]] = [
        {"update": {"_id": "1"}},
        {"doc": {"n": 1}},
        {"update": {"_id": "2"}},
        {"doc": {"n": 2}, "upsert": {"n": 20}},
        {"update": {"_id": "3"}},
        {"doc": {"n": 3}, "doc_as_upsert": True},
        {"update": {"_id": "1", "_source": True}},
        {"doc": {"m": 4}},
        {"update": {"_id": "1", "retry_on_conflict": 3}},
        {"doc": {"m": 5}},
    ]
    recorded("items", es.bulk(index=name, operations=operations))


def test_refresh_of_a_bulk_is_said_in_its_items(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    recorded("true", es.bulk(index=name, operations=[{"index": {"_id": "1"}}, {"n": 1}], refresh=True))
    recorded("wait_for", es.bulk(index=name, operations=[{"index": {"_id": "2"}}, {"n": 1}], refresh="wait_for"))
    recorded("false", es.bulk(index=name, operations=[{"index": {"_id": "3"}}, {"n": 1}], refresh=False))


def test_a_document_of_the_same_id_twice_in_one_bulk(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    operations = [{"index": {"_id": "1"}}, {"n": 1}, {"index": {"_id": "1"}}, {"n": 2}, {"delete": {"_id": "1"}}]
    recorded("items", es.bulk(index=name, operations=operations, refresh=True))
    assert es.count(index=name)["count"] == 0


def test_the_answer_may_be_filtered(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    operations = [{"index": {"_id": "1"}}, {"n": 1}]
    path = "errors,items.*.status,items.*.error"
    recorded("filtered", es.bulk(index=name, operations=operations, filter_path=path))


def test_blank_lines_carriage_returns_and_missing_fields_are_taken(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    name = make_index()
    body = '{"index":{"_id":"1"}}\r\n{"n":1}\r\n{"index":{"_id":null}}\n{"n":2}\n{"index":{}}\n{}\n'
    recorded("items", send(es, body, f"/{name}/_bulk"))


WRONG: dict[str, str] = {
    "empty": "",
    "only-a-newline": "\n",
    "unknown-action": '{"upsert":{"_index":"parity-none","_id":"1"}}\n{"n":1}\n',
    "unknown-parameter": '{"index":{"_index":"parity-none","_ids":"1"}}\n{"n":1}\n',
    "no-index": '{"index":{"_id":"1"}}\n{"n":1}\n',
    "action-is-no-object": '{"index":"x"}\n{"n":1}\n',
    "line-is-an-array": '[]\n{"n":1}\n',
    "broken-action": '{"index":\n{"n":1}\n',
    "two-actions-in-a-line": '{"index":{"_index":"parity-none"},"delete":{}}\n{"n":1}\n',
    "delete-without-id": '{"delete":{"_index":"parity-none"}}\n',
    "update-without-id": '{"update":{"_index":"parity-none"}}\n{"doc":{}}\n',
    "source-is-missing": '{"index":{"_index":"parity-none","_id":"1"}}\n',
    "empty-action": '{}\n{"n":1}\n',
    "parameter-of-the-wrong-type": '{"index":{"_index":"parity-none","_id":{"a":1}}}\n{"n":1}\n',
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_bulk_that_cannot_be_read_is_refused_as_a_whole(es: Elasticsearch, recorded: Recorded, body: str):
    answer = refusal(send, es, body)
    assert answer["status"] == 400
    recorded("refusal", answer)


WRONG_SOURCES: dict[str, str] = {
    "broken": '{"n":',
    "an-array": "[1]",
    "a-text": '"n"',
    "empty-text-as-id": "",
}


@pytest.mark.parametrize("source", WRONG_SOURCES.values(), ids=WRONG_SOURCES.keys())
def test_a_source_that_is_no_document_fails_its_item_alone(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, source: str
):
    name = make_index()
    body = f'{{"index":{{"_id":"1"}}}}\n{source or "{}"}\n{{"index":{{"_id":"{"2" if source else ""}"}}}}\n{{"n":1}}\n'
    answer = send(es, body, f"/{name}/_bulk")
    items = [item["index"] for item in answer["items"]]
    recorded("items", [{**item, "error": item["error"]["type"]} if "error" in item else item for item in items])


def test_the_bulk_helper_of_the_client_reports_failures(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(STRICT)
    actions = [{"_index": name, "_id": str(n), "n": n if n % 10 else "ten"} for n in range(50)]
    done, failed = helpers.bulk(es, actions, raise_on_error=False, chunk_size=7)
    assert done == 45
    assert [one["index"]["_id"] for one in failed] == ["0", "10", "20", "30", "40"]


def test_an_index_in_the_path_is_the_default_of_each_item(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    one, two = make_index(suffix="one"), make_index(suffix="two")
    body = f'{{"index":{{"_id":"a"}}}}\n{{"n":1}}\n{{"index":{{"_index":"{two}","_id":"a"}}}}\n{{"n":1}}\n'
    recorded("items", send(es, body, f"/{one}/_bulk"))
