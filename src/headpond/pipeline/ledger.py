"""The ends of records: each comes to exactly one, which is counted, written down, and moves the job's position on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from headpond.pipeline import letter
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.letter import Origin
from headpond.pipeline.report import Counters
from headpond.pipeline.state.prefix import Place, Prefix
from headpond.stages.record import Failure, Record

MOST_REPLACED = 8
"""Records of one id under way that a letter names."""


class Ledger:
    """Books records in and out.

    Args:
        prefix: how far the job is.
        counters: of the job.
        letters: takes what cannot be indexed.
        origin: the job, for the letters.
    """

    def __init__(self, prefix: Prefix, counters: Counters, letters: DeadLetters, origin: Origin) -> None:
        self._prefix = prefix
        self._counters = counters
        self._letters = letters
        self._origin = origin
        self._digests: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def take(self, place: Place) -> int:
        """The next thing was read; gives its number."""
        with self._lock:
            self._counters.taken += 1  # nobody else counts these, and this runs for every record
            return self._prefix.enter(place)

    def enter(self, record: Record) -> None:
        """What was read is a record; it is contended when one of the same id is on its way already."""
        with self._lock:
            under_way = self._digests.setdefault(record.id, [])
            record.contended = bool(under_way)
            record.replaces = tuple(under_way[-MOST_REPLACED:])
            under_way.append(record.digest)

    def settle(self, records: Sequence[Record], **amounts: int) -> None:
        """Records are indexed or unchanged; `amounts` says what each of them counts as."""
        with self._lock:
            if not self._closed and records:
                for record in records:
                    self._leave(record)
                self._counters.add(**{end: amount * len(records) for end, amount in amounts.items()})
                self._prefix.settle([record.number for record in records], amounts)

    def dead(self, record: Record, reason: str) -> None:
        """A record has a failure and goes to the dead letters.

        Raises:
            JobError: they cannot be written.
        """
        assert record.failure is not None
        with self._lock:
            if not self._closed:
                self._leave(record)
                self._write(letter.of_record(self._origin, record, reason), record.number)

    def bad(self, failure: Failure, raw: Any, source: str, place: Place, number: int) -> None:
        """What was read can be no record and goes to the dead letters.

        Raises:
            JobError: they cannot be written.
        """
        with self._lock:
            reason = "the record cannot be read"
            made = letter.of_unreadable(self._origin, failure, raw, reason, source, place.line, number)
            self._write(made, number)

    def close(self) -> None:
        """Books nothing more: threads that could not be waited for no longer count."""
        with self._lock:
            self._closed = True

    def _leave(self, record: Record) -> None:
        under_way = self._digests[record.id]
        under_way.remove(record.digest)
        if not under_way:
            del self._digests[record.id]

    def _write(self, made: dict[str, Any], number: int) -> None:
        self._letters.write(made)
        self._counters.add(dead_lettered=1)
        self._prefix.settle([number], {"dead_lettered": 1})
