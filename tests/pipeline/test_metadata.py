"""Versions and routing of records: what a lost answer means, and where documents are looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from elastic_transport import ConnectionTimeout
from elasticsearch import Elasticsearch

from headpond.pipeline.bulk import BulkWriter
from headpond.pipeline.held import lookup
from headpond.pipeline.replay.run import Replay, replay
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import SETTINGS, count

BAD = Path("bad.jsonl")
VERSIONED: list[dict[str, Any]] = [
    {"set": {"field": "_version", "copy_from": "v"}},
    {"set": {"field": "_version_type", "value": "external"}},
]
MAPPING = {"mappings": {"properties": {"n": {"type": "long"}}}}


def plain(build: Build, processors: list[dict[str, Any]]) -> Any:
    index = {"name": "things", "mapping": MAPPING}
    return build(processors=processors, search=None, response_processors=[], index=index)


def test_a_version_that_is_our_own_is_no_conflict(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a request gets lost: the cluster refuses the versions that it has, and they are ours."""
    send, lost = BulkWriter._send, []

    def written_and_lost(self: BulkWriter, body: bytes) -> Any:
        answer = send(self, body)
        if not lost:
            lost.append(answer)
            raise ConnectionTimeout("the answer is lost")
        assert all(item["index"]["status"] == 409 for item in answer["items"])
        return answer

    records = [{"_id": str(n), "v": 7, "n": n} for n in range(5)]
    with monkeypatch.context() as patch:
        patch.setattr(BulkWriter, "_send", written_and_lost)
        report = plain(build, VERSIONED).ingest(records, dead_letters=BAD, settings=SETTINGS)
    assert (report.indexed, report.dead_lettered, count(es)) == (5, 0, 5)
    assert lost

    other = [{"_id": "0", "v": 7, "n": 100}, {"_id": "1", "v": 8, "n": 100}]
    report = plain(build, VERSIONED).ingest(other, dead_letters=BAD, settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (1, 1)
    assert "version_conflict_engine_exception" in orjson.loads(BAD.read_bytes())["error"]
    assert es.get(index="things", id="0")["_source"]["n"] == 0


@pytest.mark.parametrize("processors", [[], [{"set": {"field": "seen", "value": True}}]])
def test_a_record_keeps_its_routing(es: Elasticsearch, build: Build, processors: list[dict[str, Any]]) -> None:
    lines = [
        b'{"_id": "a", "_routing": "left", "n": 1}',
        b'{"_id": "b", "n": 2, "_routing": 7}',
        b'{"_id": "c", "n": "none", "_routing": "right"}',
        b'{"_id": "d", "n": 4, "_routing": ["x"]}',
        b'{"_id": "e", "n": 5}',
    ]
    Path("a.jsonl").write_bytes(b"\n".join(lines))
    pipeline = plain(build, processors)
    report = pipeline.ingest("a.jsonl", dead_letters=BAD, settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (3, 2)
    found = {id: es.get(index="things", id=id, routing=routing) for id, routing in (("a", "left"), ("b", "7"))}
    assert [found["a"]["_routing"], found["b"]["_routing"]] == ["left", "7"]
    assert "_routing" not in found["a"]["_source"]
    assert "_routing" not in es.get(index="things", id="e")
    letters = {one["action"]["index"].get("_id"): one for one in map(orjson.loads, BAD.read_bytes().splitlines())}
    assert letters["c"]["action"]["index"] == {"_index": "things", "_id": "c", "routing": "right"}
    assert "a routing is a text or a whole number, not ['x']" in letters[None]["error"]

    again = pipeline.ingest("a.jsonl", dead_letters="again.jsonl", settings=SETTINGS)
    assert (again.indexed, again.unchanged) == (0, 3)
    mended = Replay(only={"stage": "bulk"}, repair=[{"set": {"field": "n", "value": 3}}])
    replayed = replay([BAD], es, mended, spec=pipeline.spec, settings=SETTINGS)
    assert (replayed.letters, replayed.indexed) == (1, 1)
    assert es.get(index="things", id="c", routing="right")["_routing"] == "right"
    copied = plain(build, processors).ingest("index:things", index="copies", settings=SETTINGS)
    assert copied.indexed == 4
    assert es.get(index="copies", id="c", routing="right")["_routing"] == "right"


def test_documents_are_looked_for_where_they_are() -> None:
    assert lookup([("a", None), ("b", None)]) == {"ids": ["a", "b"]}
    assert lookup([("a", None), ("b", "r")]) == {"docs": [{"_id": "a"}, {"_id": "b", "routing": "r"}]}
