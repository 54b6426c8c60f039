"""The ends of records: each comes to exactly one, which is counted, written down, and moves the job's position on."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import orjson

from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.report import Counters
from headpond.pipeline.state.prefix import Place, Prefix
from headpond.stages.record import Failure, Record


class Ledger:
    """Books records in and out.

    Args:
        prefix: how far the job is.
        counters: of the job.
        letters: takes what cannot be indexed.
        job: the job's id, for the letters; None when it has none.
    """

    def __init__(self, prefix: Prefix, counters: Counters, letters: DeadLetters, job: str | None = None) -> None:
        self._prefix = prefix
        self._counters = counters
        self._letters = letters
        self._job = job
        self._ids: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closed = False

    def take(self, place: Place) -> int:
        """The next thing was read; gives its number."""
        with self._lock:
            self._counters.add(taken=1)
            return self._prefix.enter(place)

    def enter(self, record: Record) -> None:
        """What was read is a record; it is contended when one of the same id is on its way already."""
        with self._lock:
            record.contended = self._ids[record.id] > 0
            self._ids[record.id] += 1

    def settle(self, record: Record, **amounts: int) -> None:
        """A record is indexed or unchanged."""
        with self._lock:
            if not self._closed:
                self._leave(record)
                self._book(record.number, amounts)

    def dead(self, record: Record, reason: str) -> None:
        """A record has a failure and goes to the dead letters.

        Raises:
            JobError: they cannot be written.
        """
        assert record.failure is not None
        with self._lock:
            if not self._closed:
                self._leave(record)
                raw = orjson.Fragment(record.raw)
                self._write(raw, record.failure, record.source, record.line, record.number, reason)

    def bad(self, failure: Failure, raw: Any, source: str, place: Place, number: int) -> None:
        """What was read can be no record and goes to the dead letters.

        Raises:
            JobError: they cannot be written.
        """
        with self._lock:
            self._write(raw, failure, source, place.line, number, "the record cannot be read")

    def close(self) -> None:
        """Books nothing more: threads that could not be waited for no longer count."""
        with self._lock:
            self._closed = True

    def _book(self, number: int, amounts: dict[str, int]) -> None:
        self._counters.add(**amounts)
        self._prefix.settle(number, amounts)

    def _leave(self, record: Record) -> None:
        self._ids[record.id] -= 1
        if not self._ids[record.id]:
            del self._ids[record.id]

    def _write(self, record: Any, failure: Failure, source: str, line: int | None, number: int, reason: str) -> None:
        self._letters.write(
            {
                "record": record,
                "reason": reason,
                "stage": failure.stage,
                "error": failure.error,
                "source": source,
                "line": line,
                "attempts": failure.attempts,
                "job": self._job,
                "number": number,
            }
        )
        self._book(number, {"dead_lettered": 1})
