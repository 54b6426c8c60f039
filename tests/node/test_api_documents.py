"""Documents by their ids."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from elasticsearch import ConflictError, Elasticsearch

from headpond import connect


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with connect("memory", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("id", ["a b", "ä/ö?#%", "水", "..", "_x", "a,b*", "%2F", "x" * 512, "+", "é" * 256])
def test_ids_may_be_any_text(client: Elasticsearch, id: str) -> None:
    client.index(index="ids", id=id, document={"id": id})
    assert client.get(index="ids", id=id)["_source"] == {"id": id}
    assert client.mget(index="ids", ids=[id])["docs"][0]["found"]
    assert client.delete(index="ids", id=id)["result"] == "deleted"


def test_new_ids_differ_and_look_like_those_of_elasticsearch(client: Elasticsearch) -> None:
    ids = [client.index(index="new", document={})["_id"] for _ in range(50)]
    assert len(set(ids)) == 50
    assert {len(id) for id in ids} == {20}


def test_the_source_comes_back_as_it_was_sent(client: Elasticsearch) -> None:
    text = (
        '{"a": 1.0, "b": 1e2, "c": [null, {"d": "\\u00e9"}], "e": {}, "f": [], "g": 12345678901234567890.5, "h": "\\n"}'
    )
    client.perform_request("PUT", "/raw/_doc/1", body=text.encode(), headers={"content-type": "application/json"})
    assert client.get(index="raw", id="1")["_source"] == json.loads(text)


def test_versions_go_on_after_a_delete(client: Elasticsearch) -> None:
    results = [
        client.index(index="versions", id="1", document={}),
        client.index(index="versions", id="1", document={}),
        client.delete(index="versions", id="1"),
        client.index(index="versions", id="1", document={}),
    ]
    assert [result["_version"] for result in results] == [1, 2, 3, 4]
    assert [result["_seq_no"] for result in results] == [0, 1, 2, 3]
    assert [result["result"] for result in results] == ["created", "updated", "deleted", "created"]


def test_a_write_may_depend_on_what_was_read(client: Elasticsearch) -> None:
    first = client.index(index="optimistic", id="1", document={"n": 1})
    condition = {"if_seq_no": first["_seq_no"], "if_primary_term": first["_primary_term"]}
    client.index(index="optimistic", id="1", document={"n": 2}, **condition)
    with pytest.raises(ConflictError):
        client.index(index="optimistic", id="1", document={"n": 3}, **condition)
    with pytest.raises(ConflictError):
        client.delete(index="optimistic", id="1", **condition)
    assert client.get(index="optimistic", id="1")["_source"] == {"n": 2}


def test_routing_is_kept_and_shown(client: Elasticsearch) -> None:
    client.index(index="routed", id="1", document={"a": 1}, routing="r", refresh=True)
    assert client.get(index="routed", id="1", routing="r")["_routing"] == "r"
    assert client.search(index="routed")["hits"]["hits"][0]["_routing"] == "r"
    client.update(index="routed", id="1", doc={"a": 2}, routing="r")
    assert client.get(index="routed", id="1")["_routing"] == "r"


def test_a_bulk_sees_its_own_earlier_lines(client: Elasticsearch) -> None:
    operations = [
        {"index": {"_id": "1"}}, {"a": 1},
        {"update": {"_id": "1"}}, {"doc": {"b": 2}},
        {"create": {"_id": "1"}}, {"never": True},
        {"delete": {"_id": "1"}},
        {"create": {"_id": "1"}}, {"a": 3},
    ]  # fmt: skip
    items = client.bulk(index="own", operations=operations)["items"]
    assert [next(iter(item.values()))["status"] for item in items] == [201, 200, 409, 200, 201]
    found = client.get(index="own", id="1")
    assert (found["_source"], found["_version"]) == ({"a": 3}, 4)


def test_a_bulk_teaches_the_mapping_for_good_items_only(client: Elasticsearch) -> None:
    operations = [{"index": {}}, {"n": 1}, {"index": {}}, {"n": "text", "unlearned": 1}, {"index": {}}, {"new": "x"}]
    answer = client.bulk(index="taught", operations=operations)
    assert [item["index"]["status"] for item in answer["items"]] == [201, 400, 201]
    properties = client.indices.get_mapping(index="taught")["taught"]["mappings"]["properties"]
    assert set(properties) == {"n", "new"}
