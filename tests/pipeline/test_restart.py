"""A target that goes away while a job runs, and comes back."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from elasticsearch import Elasticsearch

from headpond.connect import connect
from headpond.pipeline import IngestStoppedError, Report
from headpond.pipeline.job import JobSettings
from headpond.pipeline.retry import Retry
from headpond.pipeline.state.store import StateStore
from tests.pipeline.pipelines import SETTINGS, count, pipeline, turn
from tests.pipeline.served import ServedPond
from tests.pipeline.test_resume import DENSE, SMALL, write

RECORDS = 400
PATIENT = Retry(attempts=10_000, base=0.05, longest=0.1)


@pytest.fixture
def pond(tmp_path: Path) -> Iterator[ServedPond]:
    with ServedPond(tmp_path, kept=True) as served:
        yield served


class Running:
    """A job in a thread of its own."""

    def __init__(self, es: Elasticsearch, settings: JobSettings) -> None:
        self.report: Report | None = None
        self.error: BaseException | None = None
        self._client, self._settings = es, settings
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.report = pipeline(self._client, processors=DENSE).ingest("a.jsonl", settings=self._settings)
        except IngestStoppedError as error:
            self.error = error

    def wait_for(self, documents: int) -> None:
        while self._client.count(index="things", ignore_unavailable=True)["count"] < documents:
            assert self.thread.is_alive(), self.error
            time.sleep(0.02)
            self._client.indices.refresh(index="things", ignore_unavailable=True)

    def wait_until_kept(self) -> None:
        """Waits until the state of the job in the target says that records are settled."""
        while not any(state.settled.records for state in StateStore(self._client).every()):
            assert self.thread.is_alive(), self.error
            time.sleep(0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_job_waits_for_a_target_that_comes_back(pond: ServedPond, seed: int) -> None:
    moments = Random(seed)
    write("a.jsonl", range(RECORDS))
    settings = replace(SMALL, retry=PATIENT, pace=replace(SETTINGS.pace, retry=PATIENT))
    with connect(pond.url) as es, connect(pond.url) as other:
        pipeline(es, processors=DENSE).apply()
        turn(es, "dense", latency_ms=20)
        running = Running(es, settings)
        for share in (0.2, 0.5):
            try:
                running.wait_for(int(share * RECORDS))
                time.sleep(moments.uniform(0, 0.1))
            finally:
                pond.kill()
                pond.start()
        running.thread.join()
        assert running.error is None
        assert running.report is not None
        assert running.report.complete
        assert (running.report.read, running.report.dead_lettered, count(other)) == (RECORDS, 0, RECORDS)


def test_a_job_whose_target_stays_away_ends_and_the_next_run_goes_on(pond: ServedPond) -> None:
    write("a.jsonl", range(RECORDS))
    with connect(pond.url) as es:
        pipeline(es, processors=DENSE).apply()
        turn(es, "dense", latency_ms=50)
        running = Running(es, SMALL)
        try:
            running.wait_for(50)
            running.wait_until_kept()
        finally:
            pond.kill()
        running.thread.join()
        assert running.error is not None
        # Whoever asks first in vain says so: embedding, writing, or looking for what is unchanged.
        assert re.search(r"does not answer any more|cannot be read: ConnectionError", str(running.error))
        assert "run the same command again to go on" in str(running.error)
    pond.start()
    with connect(pond.url) as es:
        # The state says `running` still, as nobody was there to write it to; this process knows better.
        report = pipeline(es, processors=DENSE).ingest("a.jsonl", settings=replace(SMALL, patience=600))
        assert (report.read, report.dead_lettered, count(es)) == (RECORDS, 0, RECORDS)
        assert report.resumed > 0
