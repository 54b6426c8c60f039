"""A job that ended early goes on where it was; two runs of one job keep out of each other's way."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AuthorizationException, Elasticsearch

from headpond.connect import connect
from headpond.errors import JobError
from headpond.pipeline import IngestInterrupted, IngestStoppedError
from headpond.pipeline.job import JobSettings
from headpond.pipeline.sources.base import Source
from headpond.pipeline.state.job_state import RUNNING, JobState
from headpond.pipeline.state.store import INDEX, StateStore
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import SETTINGS, count, standard, turn

SMALL = replace(SETTINGS, window=10, bulk_documents=10, heartbeat=0.02, patience=0.2)
DENSE = [{"inference": {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "dense"}}}]


def write(name: str, lines: range, *, broken: tuple[int, ...] = ()) -> str:
    text = [
        '{"_id": "broken' if n in broken else json.dumps({"_id": str(n), "body": f"text number {n}"}) for n in lines
    ]
    Path(name).write_text("\n".join(text) + "\n")
    return name


def state(es: Elasticsearch) -> JobState:
    (only,) = StateStore(es).every()
    return only


class Breaking:
    """Makes reading fail behind a line, as a disk or a network would, until it is mended."""

    def __init__(self, patch: pytest.MonkeyPatch, line: int, error: type[BaseException] = RuntimeError) -> None:
        self.first: list[int] = []
        self.broken = True
        for name in ("items", "items_after"):
            patch.setattr(self._kind(), name, self._wrapped(getattr(self._kind(), name), line, error))

    @staticmethod
    def _kind() -> type[Source]:
        from headpond.pipeline.sources import FORMATS

        return FORMATS.get("jsonl")

    def _wrapped(self, original: Any, line: int, error: type[BaseException]) -> Any:
        def items(source: Source, *place: Any) -> Iterator[Any]:
            first = True
            for item in original(source, *place):
                if first:
                    self.first.append(item.line)
                    first = False
                if self.broken and item.line > line:
                    raise error("the network went away")
                yield item

        return items


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_a_job_goes_on_behind_the_last_settled_record(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    source = write("a.jsonl", range(100), broken=(5, 70))
    breaking = Breaking(monkeypatch, 50, kind)
    pipeline = build(processors=DENSE)
    with pytest.raises((IngestStoppedError, IngestInterrupted), match="run the same command again") as caught:
        pipeline.ingest(source, settings=SMALL)
    stopped = caught.value.report
    left = state(es)
    assert left.state == ("stopped" if kind is RuntimeError else "interrupted")
    assert left.message == ("the network went away" if kind is RuntimeError else None)
    # After Ctrl-C what was being embedded is given up; after an error all that was read is finished.
    assert left.settled.records <= stopped.read <= 50
    if kind is RuntimeError:
        assert left.settled.records == 50
    breaking.broken = False
    report = pipeline.ingest(source, settings=SMALL)
    assert (report.read, report.indexed + report.unchanged, report.dead_lettered) == (100, 98, 2)
    assert report.resumed == left.settled.records
    assert breaking.first == [1, left.settled.records + 1]
    assert count(es) == 98
    assert report.dead_letters is not None
    assert [json.loads(line)["line"] for line in report.dead_letters.read_text().splitlines()] == [6, 71]
    assert state(es).state == "complete"
    again = pipeline.ingest(source, settings=SMALL)
    assert (again.read, again.unchanged, again.resumed) == (100, 98, 0)


def test_the_files_behind_the_one_that_broke_are_read_too(
    es: Elasticsearch, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [write("a.jsonl", range(30)), write("b.jsonl", range(30, 60)), write("c.jsonl", range(60, 90))]
    breaking = Breaking(monkeypatch, 20)
    pipeline = build(processors=DENSE)
    with pytest.raises(IngestStoppedError):
        pipeline.ingest(*sources, settings=SMALL)
    breaking.broken = False
    report = pipeline.ingest(*sources, settings=SMALL)
    assert (report.read, report.resumed, breaking.first) == (90, 20, [1, 21, 1, 1])
    assert count(es) == 90


@pytest.fixture
def stopped(build: Build, monkeypatch: pytest.MonkeyPatch) -> Breaking:
    """A job on the fifty records of `a.jsonl` that ended behind the thirtieth; what ended it is mended."""
    breaking = Breaking(monkeypatch, 30)
    with pytest.raises(IngestStoppedError):
        build(processors=DENSE).ingest(write("a.jsonl", range(50)), settings=SMALL)
    breaking.broken = False
    return breaking


def test_a_changed_file_starts_from_the_beginning_and_says_so(
    es: Elasticsearch, build: Build, stopped: Breaking, caplog: pytest.LogCaptureFixture
) -> None:
    source = write("a.jsonl", range(51))
    report = build(processors=DENSE).ingest(source, settings=SMALL)
    assert (report.read, report.resumed, stopped.first) == (51, 0, [1, 1])
    assert f"{Path('a.jsonl').absolute()} has changed since the run that ended at record 30" in caplog.text
    assert len(list(StateStore(es).every())) == 1


def test_a_file_is_known_in_another_folder(build: Build, stopped: Breaking, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    Path("a.jsonl").rename("elsewhere/a.jsonl")
    report = build(processors=DENSE).ingest("elsewhere/a.jsonl", settings=SMALL)
    assert (report.read, report.resumed) == (50, 30)


@pytest.mark.parametrize("why", ["fresh", "index", "pipeline", "complete"])
def test_what_must_start_from_the_beginning_does(es: Elasticsearch, build: Build, stopped: Breaking, why: str) -> None:
    source = "a.jsonl"
    settings, processors = SMALL, DENSE
    if why == "fresh":
        settings = replace(SMALL, fresh=True)
    elif why == "index":
        es.indices.delete(index="things")
    elif why == "pipeline":
        processors = [*DENSE, {"set": {"field": "new", "value": 1}}]
    else:
        build(processors=DENSE).ingest(source, settings=SMALL)
    report = build(processors=processors).ingest(source, settings=settings)
    assert (report.read, report.resumed) == (50, 0)
    assert report.indexed + report.unchanged == count(es) == 50
    assert stopped.first[-1] == 1


def test_what_cannot_be_known_again_leaves_no_state(es: Elasticsearch, build: Build) -> None:
    build().ingest([{"body": "one"}], settings=SETTINGS)
    assert not es.indices.exists(index=INDEX)
    write("a.jsonl", range(3))
    build().ingest("a.jsonl", settings=replace(SETTINGS, resume=False))
    assert not es.indices.exists(index=INDEX)


def test_the_index_of_states_is_hidden_and_takes_any_position(es: Elasticsearch, build: Build) -> None:
    build().ingest(write("a.jsonl", range(3)), settings=SETTINGS)
    made = es.indices.get(index=INDEX)[INDEX]
    assert made["settings"]["index"]["hidden"] == "true"
    assert made["mappings"]["dynamic"] == "false"
    assert INDEX not in es.indices.get(index="*")
    store, made_by_a_run = StateStore(es), state(es)
    for position in (1, ["a", None], {"b": {"c": 1}}):
        odd = replace(made_by_a_run, id=str(position), position={"source": 0, "line": 1, "position": position})
        store.put(odd, None)
        stored = store.get(str(position))
        assert stored is not None
        assert stored.state.settled.place == odd.settled.place


def test_a_target_that_keeps_no_states_costs_a_warning(
    build: Build, es: Elasticsearch, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: StateStore) -> None:
        meta = es.options(ignore_status=404).indices.get(index="none").meta
        raise AuthorizationException("no", meta, {"error": {"reason": "action [create_index] is unauthorized"}})

    monkeypatch.setattr(StateStore, "prepare", refused)
    report = build().ingest(write("a.jsonl", range(3)), settings=SETTINGS)
    assert (report.indexed, report.complete) == (3, True)
    assert caplog.text.count("keeps no state of this job") == 1
    assert "is unauthorized" in caplog.text


# -- two runs of one job


@pytest.fixture
def claimed(es: Elasticsearch, build: Build) -> JobState:
    """A job that is marked as run by another machine."""
    source = write("a.jsonl", range(30))
    build(processors=DENSE).ingest(source, settings=SMALL)
    store = StateStore(es)
    stored = store.get(state(es).id)
    assert stored is not None
    other = replace(stored.state, state=RUNNING, host="elsewhere", pid=1, run="theirs", counts={}, position=None)
    store.put(other, stored.version)
    return other


def test_a_second_run_is_told_about_the_first(es: Elasticsearch, build: Build, claimed: JobState) -> None:
    over = threading.Event()

    def beat() -> None:
        store = StateStore(es)
        while not over.is_set():
            stored = store.get(claimed.id)
            assert stored is not None
            store.put(claimed, stored.version)
            time.sleep(0.02)

    other = threading.Thread(target=beat)
    other.start()
    try:
        with pytest.raises(JobError, match=r"run already: by process 1 on elsewhere.*\n.*--take-over"):
            build(processors=DENSE).ingest("a.jsonl", settings=replace(SMALL, patience=60))
    finally:
        over.set()
        other.join()
    assert state(es).run == "theirs"


@pytest.mark.parametrize("changes", [{"patience": 0.2}, {"patience": 600, "take_over": True}], ids=["dead", "taken"])
def test_a_job_without_a_sign_of_life_is_taken(
    es: Elasticsearch, build: Build, claimed: JobState, changes: dict[str, Any]
) -> None:
    report = build(processors=DENSE).ingest("a.jsonl", settings=replace(SMALL, **changes))
    assert (report.read, report.unchanged) == (30, 30)
    now = state(es)
    assert (now.state, now.host) == ("complete", socket.gethostname())


def test_a_killed_process_of_this_machine_is_not_waited_for(es: Elasticsearch, build: Build, claimed: JobState) -> None:
    store = StateStore(es)
    stored = store.get(claimed.id)
    assert stored is not None
    store.put(replace(claimed, host=socket.gethostname(), pid=2**22 + 1), stored.version)
    report = build(processors=DENSE).ingest("a.jsonl", settings=replace(SMALL, patience=600))
    assert report.read == 30


def test_a_run_whose_job_is_taken_ends_and_says_so(es: Elasticsearch, build: Build) -> None:
    write("a.jsonl", range(400))
    pipeline = build(processors=DENSE)
    pipeline.apply()
    turn(es, "dense", latency_ms=20)
    first: list[BaseException] = []

    def run() -> None:
        try:
            pipeline.ingest("a.jsonl", settings=replace(SMALL, workers=1))
        except IngestStoppedError as error:
            first.append(error)

    running = threading.Thread(target=run)
    running.start()
    while not _running(es):
        time.sleep(0.01)
    stored = StateStore(es).get(_running(es)[0].id)
    assert stored is not None
    taken = replace(stored.state, run="theirs", host="elsewhere", pid=7)
    while True:
        try:
            StateStore(es).put(taken, stored.version)
            break
        except Exception:
            stored = StateStore(es).get(taken.id)
            assert stored is not None
    running.join()
    (error,) = first
    assert "the job was taken over by process 7 on elsewhere" in str(error)
    assert state(es).run == "theirs"


def _running(es: Elasticsearch) -> list[JobState]:
    return [one for one in StateStore(es).every() if one.state == RUNNING]


def test_an_answer_that_was_lost_is_no_other_run(es: Elasticsearch, build: Build, tmp_path: Path) -> None:
    """The write of a state may arrive while its answer does not."""
    original = StateStore.put
    lost: list[int] = []

    def put(self: StateStore, given: JobState, follows: tuple[int, int] | None) -> tuple[int, int]:
        version = original(self, given, follows)
        if follows is not None and not lost:
            lost.append(1)
            return follows
        return version

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StateStore, "put", put)
        report = build(processors=DENSE).ingest(write("a.jsonl", range(300)), settings=SMALL)
        again = build(processors=DENSE).ingest("a.jsonl", settings=SMALL)
    assert (report.indexed, again.unchanged) == (300, 300)
    assert lost
    assert state(es).state == "complete"


def test_two_jobs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    write("a.jsonl", range(200))
    write("b.jsonl", range(200, 400))
    with connect("memory") as es:
        from tests.pipeline.pipelines import pipeline

        reports: list[int] = []
        pipeline(es, processors=DENSE, endpoints=standard()["endpoints"]).apply()
        threads = [
            threading.Thread(
                target=lambda name=name: reports.append(
                    pipeline(es, processors=DENSE).ingest(name, settings=SMALL).indexed
                )
            )
            for name in ("a.jsonl", "b.jsonl")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert reports == [200, 200]
        assert count(es) == 400
        assert len(list(StateStore(es).every())) == 2


def test_settings_of_a_job_have_sensible_defaults() -> None:
    settings = JobSettings()
    assert settings.resume
    assert settings.patience > 3 * settings.heartbeat
