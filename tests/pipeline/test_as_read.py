"""Documents that no processor touches are indexed with the bytes that were read."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.pipeline import bulk, identity
from headpond.stages.record import Record
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import SETTINGS, source

KEPT = {
    b'{"_id": "x", "b": 1.10, "a": {"_id": 2}}': b'"b": 1.10, "a": {"_id": 2}',
    b'{ "_id" : 7 ,"a":[1e2, "\\u00e4"] }': b'"a":[1e2, "\\u00e4"] ',
    b'{"z":1,"a":12345678901234567890123}': b'"z":1,"a":12345678901234567890123',
}
WRITTEN_ANEW = [
    b'{"a": 1, "_id": "y"}',
    b'{"\\u005fid": "z", "a": 1}',
    b'{"_id": "a\\"b", "a": 1}',
    b'{"_id": null, "a": 1}',
    b'{"_id": "empty"}',
    b"{}",
]


@pytest.mark.parametrize(("raw", "fields"), KEPT.items())
def test_the_fields_behind_the_id_are_kept_as_they_stand(raw: bytes, fields: bytes) -> None:
    at = identity.fields_at(raw, orjson.loads(raw))
    record = Record({}, raw=raw, fields_at=at, digest="d")
    assert bulk.document(record) == b"{" + fields + b',"headpond":{"hash":"d"}}'


@pytest.mark.parametrize("raw", WRITTEN_ANEW)
def test_what_cannot_be_cut_out_is_written_anew(raw: bytes) -> None:
    assert identity.fields_at(raw, orjson.loads(raw)) == 0


LINES = [*KEPT, *WRITTEN_ANEW, b'{"_id": "refused", "count": "no number"}', b'{"_id": "x2", "headpond": 1}']
MAPPING = {"mappings": {"properties": {"count": {"type": "long"}, "z": {"type": "float"}, "a": {"enabled": False}}}}


def test_a_job_without_processors_and_one_with_some_write_the_same(es: Elasticsearch, build: Build) -> None:
    """Ids, fields and dead letters are the same, and an array of the same records changes nothing."""
    Path("a.jsonl").write_bytes(b"\n".join(LINES))
    Path("a.json").write_bytes(b"[" + b",\n".join(LINES) + b"]")
    found = []
    for number, processors in enumerate([[], [{"remove": {"field": "none", "ignore_missing": True}}]]):
        index = {"mapping": MAPPING, "name": f"things-{number}"}
        pipeline = build(processors=processors, search=None, response_processors=[], index=index)
        report = pipeline.ingest("a.jsonl", dead_letters=f"bad-{number}.jsonl", settings=SETTINGS)
        assert (report.read, report.indexed, report.dead_lettered) == (11, 9, 2)
        again = pipeline.ingest("a.json", dead_letters="again.jsonl", settings=SETTINGS)
        assert (again.unchanged, again.dead_lettered) == (9, 2)
        es.indices.refresh(index=index["name"])
        hits = es.search(index=index["name"], size=20, sort="_doc")["hits"]["hits"]
        documents = {hit["_id"]: hit["_source"] for hit in hits}
        for document in documents.values():
            document.pop("headpond")
        letters = [orjson.loads(one) for one in Path(f"bad-{number}.jsonl").read_bytes().splitlines()]
        shown = sorted(
            (one["record"]["_id"], one["stage"], (one.get("document") or {}).get("count")) for one in letters
        )
        found.append((list(documents.items()), shown))
    assert sorted(found[0][0], key=str) == sorted(found[1][0], key=str)
    assert found[0][1] == found[1][1] == [("refused", "bulk", "no number"), ("x2", "source", None)]


def test_the_bytes_of_a_file_reach_the_index(es: Elasticsearch, build: Build) -> None:
    Path("a.jsonl").write_bytes(b'{"_id": "x", "z": 1.50, "b": 2, "a": 12345678901234567890123}\n')
    pipeline = build(processors=[], search=None, response_processors=[], index={"name": "things", "mapping": MAPPING})
    pipeline.ingest("a.jsonl", settings=SETTINGS)
    found = source(es, "x")
    assert list(found)[:3] == ["z", "b", "a"]
    assert found["a"] == 12345678901234567890123
    assert pipeline.ingest("a.jsonl", settings=SETTINGS).unchanged == 1
