"""A disk that is full: the job ends with a message or goes on without what it can do without, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import JobError
from headpond.node import Node
from headpond.node.transport import node_class
from headpond.pipeline import IngestStoppedError
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.state.letters import take_back
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import count, pipeline
from tests.pipeline.served import ServedPond
from tests.pipeline.test_resume import DENSE, SMALL, state

if sys.platform == "win32":
    pytest.skip("no limits on the size of files there", allow_module_level=True)

LIMITED = """
import json, resource, sys
from headpond import connect
from tests.pipeline.pipelines import pipeline
from tests.pipeline.test_resume import DENSE, SMALL
target, source, letters, limit = sys.argv[1:]
with connect(target) as client:
    bound = pipeline(client, processors=DENSE)
    bound.apply()
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        print(json.dumps(bound.ingest(source, dead_letters=letters, settings=SMALL).to_json()))
    except Exception as error:
        print(json.dumps({"error": str(error), **error.report.to_json()}))
"""
"""A process that may write no file beyond a size: what a full disk does to it, without filling one."""


def limited(target: str, source: Path, letters: Path, limit: int, home: Path) -> dict[str, object]:
    environment = {**os.environ, "HEADPOND_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", LIMITED, target, str(source), str(letters), str(limit)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def write(file: Path, number: int, broken: int) -> Path:
    """Records, every `broken`-th of which is none."""
    lines = [f'{{"_id": "{n}", "body": ' + ("x" * 500 if n % broken == 1 else f'"text {n}"}}') for n in range(number)]
    file.write_text("\n".join(lines))
    return file


def test_dead_letters_that_find_no_room_end_the_job_and_the_next_run_writes_them(tmp_path: Path) -> None:
    source, letters = write(tmp_path / "a.jsonl", 300, 10), tmp_path / "bad.jsonl"
    with ServedPond(tmp_path) as pond:
        first = limited(pond.url, source, letters, 12_345, tmp_path / "home")
        assert "the dead letters cannot be written" in str(first["error"])
        # What was written was written whole.
        assert all(json.loads(line) for line in letters.read_text().splitlines())
        second = limited(pond.url, source, letters, 100_000_000, tmp_path / "home")
        assert (second["read"], second["indexed"], second["dead_lettered"]) == (300, 270 - int(second["unchanged"]), 30)
        assert int(second["resumed"]) <= int(first["read"])
        lines = [json.loads(line)["line"] for line in letters.read_text().splitlines()]
        assert sorted(lines) == list(range(2, 300, 10))
        with Elasticsearch(pond.url) as es:
            assert count(es) == 270


def test_a_cache_that_finds_no_room_is_gone_without(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", 300, 1000)
    with ServedPond(tmp_path) as pond:
        report = limited(pond.url, source, tmp_path / "bad.jsonl", 40_000, tmp_path / "home")
        assert report.get("error") is None, report
        assert (report["read"], report["dead_lettered"], report["complete"]) == (300, 1, True)
        with Elasticsearch(pond.url) as es:
            assert count(es) == 299


def test_a_line_that_was_cut_is_taken_back_with_those_that_come_again(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    kept = [{"job": "a", "number": 3}, {"job": "b", "number": 9}, {"reason": "no job"}, {"job": "a", "number": 0}]
    again = [{"job": "a", "number": 4}, {"job": "a", "number": 70}]
    lines = [orjson.dumps(one) + b"\n" for one in (kept[0], again[0], kept[1], kept[2], again[1], kept[3])]
    file.write_bytes(b"".join(lines) + b'{"job": "a", "num')
    file.chmod(0o600)
    take_back(file, "a", 4)
    assert [orjson.loads(line) for line in file.read_bytes().splitlines()] == kept
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["bad.jsonl"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_letters_that_cannot_be_written_leave_the_job_unfinished(es: Elasticsearch, build: Build) -> None:
    source = write(Path("a.jsonl"), 30, 10)
    pipeline = build(processors=DENSE)
    with pytest.raises(IngestStoppedError, match="No space left on device"):
        pipeline.ingest(str(source), dead_letters="/dev/full", settings=SMALL)
    assert state(es).state == "stopped"
    assert state(es).settled.records <= 1
    report = pipeline.ingest(str(source), dead_letters="bad.jsonl", settings=SMALL)
    assert (report.read, report.dead_lettered) == (30, 3)


def test_letters_in_a_folder_that_is_gone_are_said(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "gone" / "bad.jsonl")
    with pytest.raises(JobError, match="cannot be written"):
        letters.write({"a": 1})
    letters.sync()
    letters.close()


def test_a_pond_without_room_ends_the_job_and_the_next_run_goes_on(tmp_path: Path) -> None:
    pond = Node(tmp_path / "pond")
    client = Elasticsearch("http://pond:9200", node_class=node_class(pond))
    source = write(tmp_path / "a.jsonl", 400, 1000)
    bound = pipeline(client, processors=DENSE)
    bound.apply()
    connection = pond.database.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(IngestStoppedError, match="free some space") as caught:
        bound.ingest(str(source), settings=SMALL)
    assert caught.value.report.indexed < 399
    assert caught.value.report.dead_lettered <= 1
    connection.execute("PRAGMA max_page_count = 1000000")
    report = bound.ingest(str(source), settings=SMALL)
    assert (report.read, report.dead_lettered, count(client)) == (400, 1, 399)
    client.close()
