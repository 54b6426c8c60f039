from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch, NotFoundError

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import total
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity


def test_a_document_is_created_then_replaced(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    created = es.index(index=name, id="a", document={"title": "weir"})
    assert (created.meta.status, created["result"], created["_version"]) == (201, "created", 1)
    replaced = es.index(index=name, id="a", document={"title": "mill"})
    assert (replaced.meta.status, replaced["result"], replaced["_version"]) == (200, "updated", 2)
    recorded("created", created)
    recorded("replaced", replaced)
    recorded("get", es.get(index=name, id="a"))


def test_an_index_is_made_by_the_first_document(es: Elasticsearch, index: str, recorded: Recorded):
    recorded("created", es.index(index=index, id="a", document={"title": "weir", "pages": 3}))
    recorded("mapping", es.indices.get_mapping(index=index))


def test_a_document_without_an_id_gets_one(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    answer = es.index(index=name, document={"title": "weir"})
    assert len(answer["_id"]) == 20
    recorded("created", answer)
    recorded("get", es.get(index=name, id=answer["_id"]))


def test_the_location_of_a_created_document_is_in_a_header(es: Elasticsearch, make_index: MakeIndex):
    name = make_index()
    answer = es.index(index=name, id="a b/ü", document={})
    assert answer.meta.headers["location"] == f"/{name}/_doc/a+b%2F%C3%BC"


@pytest.mark.parametrize("key", ["a b", "ü/ß", "1", "a,b", "*", "with:colon", "?q=1", "x" * 512])
def test_ids_may_hold_any_characters(es: Elasticsearch, make_index: MakeIndex, key: str):
    name = make_index()
    es.index(index=name, id=key, document={"n": 1}, refresh=True)
    assert es.get(index=name, id=key)["_id"] == key
    assert es.search(index=name, query={"ids": {"values": [key]}})["hits"]["hits"][0]["_id"] == key


def test_an_id_longer_than_512_bytes_is_refused(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    recorded("refusal", refusal(es.index, index=make_index(), id="x" * 513, document={}))


def test_source_comes_back_as_it_was_sent(es: Elasticsearch, make_index: MakeIndex):
    document: dict[str, Any] = {
        "z": 1,
        "a": 1.0,
        "big": 12345678901234,
        "exponent": 1e100,
        "text": 'ü "quoted" \\ \u2028',
        "empty": "",
        "null": None,
        "list": [1, [2, None], {"x": []}],
        "object": {},
    }
    name = make_index({"dynamic": False})
    es.index(index=name, id="a", document=document)
    source = es.get(index=name, id="a")["_source"]
    assert source == document
    assert list(source) == list(document)
    assert isinstance(source["a"], float)


def test_a_missing_document_answers_404(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    recorded("get", refusal(es.get, index=name, id="nobody"))
    recorded("get source", refusal(es.get_source, index=name, id="nobody"))
    recorded("delete", refusal(es.delete, index=name, id="nobody"))
    assert not es.exists(index=name, id="nobody")


def test_a_missing_index_answers_404(es: Elasticsearch, index: str, recorded: Recorded):
    recorded("get", refusal(es.get, index=index, id="a"))
    recorded("delete", refusal(es.delete, index=index, id="a"))
    recorded("update", refusal(es.update, index=index, id="a", doc={}))
    assert not es.exists(index=index, id="a")


def test_get_sees_a_document_before_it_is_refreshed(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(settings={"refresh_interval": "-1"})
    es.index(index=name, id="a", document={"n": 1})
    assert es.get(index=name, id="a")["_source"] == {"n": 1}
    assert total(es.search(index=name)) == 0
    with pytest.raises(NotFoundError, match="404"):
        es.get(index=name, id="a", realtime=False)


def test_get_takes_a_part_of_the_source(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("includes", es.get(index=books, id="mills", source_includes=["title", "publisher.*"]))
    recorded("excludes", es.get(index=books, id="mills", source_excludes=["publisher", "s*"]))
    recorded("none", es.get(index=books, id="mills", source=False))
    recorded("list", es.get(index=books, id="mills", source=["year", "tags"]))
    recorded("source alone", es.get_source(index=books, id="mills"))
    assert es.exists(index=books, id="mills")
    assert es.exists_source(index=books, id="mills")


def test_a_document_is_deleted_and_written_again(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    es.index(index=name, id="a", document={"n": 1})
    recorded("deleted", es.delete(index=name, id="a"))
    recorded("deleted again", refusal(es.delete, index=name, id="a"))
    recorded("written again", es.index(index=name, id="a", document={"n": 2}))


def test_create_refuses_an_id_that_exists(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    recorded("created", es.create(index=name, id="a", document={"n": 1}))
    answer = refusal(es.create, index=name, id="a", document={"n": 2})
    assert answer["status"] == 409
    recorded("conflict", answer)
    recorded("op_type", refusal(es.index, index=name, id="a", op_type="create", document={"n": 2}))


def test_a_write_on_condition_of_the_sequence_number(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    first = es.index(index=name, id="a", document={"n": 1})
    condition = {"if_seq_no": first["_seq_no"], "if_primary_term": first["_primary_term"]}
    recorded("second", es.index(index=name, id="a", document={"n": 2}, **condition))
    for call, what in ((es.index, {"document": {"n": 3}}), (es.delete, {}), (es.update, {"doc": {"n": 3}})):
        answer = refusal(call, index=name, id="a", **what, **condition)
        assert answer["status"] == 409
        recorded(call.__name__, answer)
    recorded("nobody", refusal(es.index, index=name, id="b", document={}, **condition))
    recorded("half a condition", refusal(es.index, index=name, id="a", document={}, if_seq_no=1))


def test_external_versions(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index()
    recorded("five", es.index(index=name, id="a", document={"n": 1}, version=5, version_type="external"))
    recorded("lower", refusal(es.index, index=name, id="a", document={}, version=5, version_type="external"))
    recorded("gte", es.index(index=name, id="a", document={}, version=5, version_type="external_gte"))
    recorded("internal", refusal(es.index, index=name, id="a", document={}, version=7))
    recorded("get", es.get(index=name, id="a"))
    recorded("get of a version", refusal(es.get, index=name, id="a", version=4))


WRONG_BODIES: dict[str, bytes] = {
    "broken-json": b'{"a": ',
    "an-array": b"[1, 2]",
    "a-number": b"1",
    "empty": b"",
    "two-objects": b'{"a": 1} {"b": 2}',
    "the-same-key-twice": b'{"a": 1, "a": 2}',
    "bad-utf8": b'{"a": "\xff"}',
}


@pytest.mark.parametrize("body", WRONG_BODIES.values(), ids=WRONG_BODIES.keys())
def test_a_body_that_is_no_document_is_refused(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, body: bytes
):
    answer = refusal(
        es.perform_request,
        "PUT",
        f"/{make_index()}/_doc/1",
        headers={"content-type": "application/json", "accept": "application/json"},
        body=body,
    )
    assert answer["status"] == 400
    reason = answer["body"]["error"]["type"]
    recorded("refusal", {"status": answer["status"], "type": reason})
