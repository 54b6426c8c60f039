"""What goes wrong outside: endpoints and targets that are slow, busy, gone, or answer nonsense."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.errors import JobError, TargetError
from headpond.pipeline import IngestInterrupted, IngestStoppedError, Report
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.embedder import Pace
from headpond.pipeline.job import JobSettings
from headpond.pipeline.retry import Retry
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import QUICK, RECORDS, SETTINGS, count, fake, ids, standard, turn


def letters(report: Report) -> list[dict[str, Any]]:
    assert report.dead_letters is not None
    return [orjson.loads(line) for line in report.dead_letters.read_bytes().splitlines()]


def many(number: int) -> list[dict[str, Any]]:
    return [{"_id": str(place), "body": f"text number {place}"} for place in range(number)]


def test_only_the_poisonous_text_of_a_batch_is_dead_lettered(es: Elasticsearch, build: Build) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", fail_on="poison", status=400, retry=False)
    records = many(100)
    records[41]["body"] = "this is poison"
    report = pipeline.ingest(records, settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (99, 1)
    (letter,) = letters(report)
    assert letter["record"] == records[41]
    assert letter["stage"] == "processors[0].inference"
    assert letter["reason"] == "a processor failed"
    assert "the fake service fails with 400" in letter["error"]
    # 64 texts, halved until one is left: one request a level.
    assert letter["attempts"] == 7
    assert report.inference.retries == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_passing_failure_is_tried_again(es: Elasticsearch, build: Build, status: int) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", fail_first_n=2, status=status, retry=False)
    report = pipeline.ingest(RECORDS, settings=SETTINGS)
    assert (report.indexed, report.dead_lettered, report.inference.retries) == (3, 0, 2)


def test_a_throttle_that_outlives_the_tries_is_waited_out(
    es: Elasticsearch, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", fail_first_n=10 * QUICK.attempts, status=429, retry=False)
    report = pipeline.ingest(RECORDS, settings=SETTINGS)
    assert (report.indexed, report.dead_lettered) == (3, 0)
    assert report.inference.retries == 10 * QUICK.attempts
    assert len([record for record in caplog.records if "they are held back for up to 900 s" in record.message]) == 1


def test_an_exit_does_not_wait_for_what_is_held_back(es: Elasticsearch, build: Build) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", error_rate=1.0, status=429, retry=False)

    def leave(snapshot: Any) -> None:
        if snapshot.inference.retries > QUICK.attempts:
            raise SystemExit(7)

    with pytest.raises(SystemExit):
        pipeline.ingest(RECORDS, settings=SETTINGS, on_progress=leave)


@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_that_answers_nothing_ends_the_job_and_nothing_is_dead_lettered(
    es: Elasticsearch, build: Build, status: int
) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", error_rate=1.0, status=status, retry=False)
    settings = JobSettings(pace=Pace(retry=QUICK, patience=0.05), retry=QUICK)
    with pytest.raises(IngestStoppedError, match=r"endpoint \[dense\] has answered nothing for") as caught:
        pipeline.ingest(RECORDS, settings=settings)
    report = caught.value.report
    assert (report.indexed, report.dead_lettered, report.complete) == (0, 0, False)
    assert "run the same command again" in str(caught.value)
    turn(es, "dense")
    again = pipeline.ingest(RECORDS, settings=settings)
    assert (again.indexed, again.complete) == (3, True)


@pytest.mark.parametrize("status", [429, 503])
def test_a_text_that_is_always_turned_away_is_found_when_patience_ends(
    es: Elasticsearch, build: Build, status: int
) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", fail_on="poison", status=status, retry=False)
    records = many(20)
    records[13]["body"] = "this is poison"
    report = pipeline.ingest(records, settings=JobSettings(pace=Pace(retry=QUICK, patience=0), retry=QUICK))
    assert (report.indexed, report.dead_lettered) == (19, 1)
    (letter,) = letters(report)
    assert letter["record"] == records[13]
    # 20 texts are halved four or five times before one is alone; each request is tried as often as allowed.
    assert letter["attempts"] in (5 * QUICK.attempts, 6 * QUICK.attempts)


def test_an_endpoint_that_goes_away_stops_the_job_and_keeps_what_was_written(es: Elasticsearch, build: Build) -> None:
    pipeline = build()
    pipeline.ingest(many(10), settings=SETTINGS)

    def records() -> Any:
        yield from many(10)
        es.inference.delete(inference_id="dense")
        yield {"_id": "late", "body": "too late"}

    with pytest.raises(IngestStoppedError, match=r"endpoint \[dense\] cannot be used: .*not found \[dense\]") as caught:
        pipeline.ingest(records(), settings=JobSettings(pace=SETTINGS.pace, retry=QUICK, window=10))
    report = caught.value.report
    assert (report.unchanged, report.indexed, report.complete) == (10, 0, False)
    assert "run the same command again" in str(caught.value)


def test_vectors_of_the_wrong_size_are_refused_by_the_index_one_by_one(build: Build) -> None:
    odd = fake("text_embedding", dimensions=16, fail_on="poison", wrong_dimensions=True)
    pipeline = build(endpoints={**standard()["endpoints"], "dense": odd})
    records = [{"_id": "a", "body": "fine"}, {"_id": "b", "body": "poison"}]
    settings = JobSettings(pace=Pace(inputs=1, retry=QUICK), retry=QUICK)
    report = pipeline.ingest(records, settings=settings)
    assert (report.indexed, report.dead_lettered) == (1, 1)
    (letter,) = letters(report)
    assert (letter["stage"], letter["record"]) == ("bulk", records[1])
    assert "dim" in letter["error"]


def test_a_target_that_is_not_there_is_said(build: Build) -> None:
    client = Elasticsearch("http://127.0.0.1:9", max_retries=0)
    pipeline = build()
    with pytest.raises(TargetError, match="the target does not answer"):
        type(pipeline)(pipeline.spec, client).ingest(RECORDS, settings=SETTINGS)
    with pytest.raises(TargetError, match="does not answer"):
        type(pipeline)(pipeline.spec, client).search("mill")
    client.close()


def test_dead_letters_that_cannot_be_written_stop_the_job(build: Build) -> None:
    with pytest.raises(IngestStoppedError, match="the dead letters cannot be written to"):
        build().ingest([{"no": "body"}], dead_letters=Path("no/such/folder/x.jsonl"), settings=SETTINGS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_no_space_for_dead_letters_is_said() -> None:
    letters = DeadLetters(Path("/dev/full"))
    with pytest.raises(JobError, match="No space left on device\n  make room"):
        letters.write({"a": 1})
    letters.close()


def test_ctrl_c_ends_a_job_cleanly_and_the_next_run_goes_on(es: Elasticsearch, build: Build) -> None:
    pipeline = build()

    def records() -> Any:
        yield from many(50)
        raise KeyboardInterrupt

    settings = JobSettings(pace=SETTINGS.pace, retry=QUICK, window=10)
    with pytest.raises(IngestInterrupted, match="run the same command again to go on") as caught:
        pipeline.ingest(records(), settings=settings)
    report = caught.value.report
    assert report.complete is False
    assert report.read == report.indexed == count(es)
    report = pipeline.ingest(many(50), settings=settings)
    assert report.indexed + report.unchanged == 50
    assert count(es) == 50


def test_ctrl_c_does_not_wait_for_a_stuck_endpoint(es: Elasticsearch, build: Build) -> None:
    pipeline = build()
    pipeline.apply()
    turn(es, "dense", error_rate=1.0, status=503, retry=False)
    waiting = threading.Event()

    class Patient(Retry):
        """Waits an hour before the next try, and says so."""

        def wait(self, attempt: int, error: Exception) -> float:
            waiting.set()
            return 3600

    settings = JobSettings(pace=Pace(retry=Patient()), retry=QUICK, window=5)

    def records() -> Any:
        yield from many(5)
        waiting.wait()
        raise KeyboardInterrupt

    with pytest.raises(IngestInterrupted) as caught:
        pipeline.ingest(records(), settings=settings)
    assert caught.value.report.read == 0


def test_a_progress_callback_that_raises_ends_nothing_but_itself(es: Elasticsearch, build: Build) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("the display broke")

    with pytest.raises(IngestStoppedError, match="the display broke"):
        build().ingest(RECORDS, settings=SETTINGS, on_progress=broken)


def test_a_target_of_another_version_is_said(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    client = connect("memory")
    old = client.info().body | {"version": {"number": "7.17.0"}}
    monkeypatch.setattr(type(client), "info", lambda self: old)
    pipeline = build()
    with pytest.raises(TargetError, match=r"runs Elasticsearch 7\.17\.0\n  8\.15 or later is needed"):
        type(pipeline)(pipeline.spec, client).apply()
    client.close()


def test_a_leg_whose_endpoint_is_busy_costs_that_leg_alone(es: Elasticsearch, build: Build) -> None:
    pipeline = build(response_processors=[])
    pipeline.ingest(RECORDS, settings=SETTINGS)
    turn(es, "dense", error_rate=1.0, status=503, retry=False)
    answer = pipeline.search("wheel of a mill")
    assert ids(answer)[0] == "mill"
    (degraded,) = answer["degraded"]
    assert degraded["stage"] == "search.retriever.rrf.retrievers[1].knn"
    assert "did not embed the query" in degraded["reason"]


def test_a_search_whose_only_leg_is_busy_says_so(es: Elasticsearch, build: Build) -> None:
    knn = {"field": "dense", "k": 5, "num_candidates": 5,
           "query_vector_builder": {"text_embedding": {"model_id": "dense", "model_text": "{{query}}"}}}  # fmt: skip
    pipeline = build(search={"retriever": {"knn": knn}}, response_processors=[])
    pipeline.ingest(RECORDS, settings=SETTINGS)
    turn(es, "dense", error_rate=1.0, status=503, retry=False)
    with pytest.raises(TargetError, match=r"endpoint \[dense\] did not embed the query"):
        pipeline.search("mill")


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "failing": ({"status": 500, "retry": False}, "60s", "[order] failed: "),
    "nonsense": ({"malformed": True, "retry": False}, "60s", "[order] failed: "),
    "late": ({"latency_ms": 600_000}, "100ms", "no answer of [order] within the deadline of 100ms"),
}


@pytest.mark.parametrize(("knobs", "deadline", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_reranker_that_fails_leaves_the_hits_in_their_order(
    es: Elasticsearch, build: Build, knobs: dict[str, Any], deadline: str, reason: str
) -> None:
    rerank = {"inference_id": "order", "field": "body", "deadline": deadline}
    pipeline = build(response_processors=[{"rerank": rerank}])
    pipeline.ingest(RECORDS, settings=SETTINGS)
    plain = build(response_processors=[]).search("wheel of a mill")
    turn(es, "order", **knobs)
    answer = pipeline.search("wheel of a mill")
    assert answer["hits"]["hits"] == plain["hits"]["hits"]
    (degraded,) = answer["degraded"]
    assert degraded["stage"] == "response_processors[0].rerank"
    assert degraded["reason"].startswith(reason)
    assert degraded["spent_ms"] >= 0
