"""Runs a job: a reader, workers that enrich windows of records, writers that index them. Nothing is lost on the way.

Every record that is read comes to one end: indexed, unchanged or dead-lettered. Queues are bounded, so memory does not
grow with the input. Records with the same id keep their order: windows are handed on in the order they were read, and
one id always goes to the same writer.
"""

from __future__ import annotations

import queue
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from headpond.pipeline.bulk import BulkWriter, Line
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.embedder import BatchEmbedder, Pace
from headpond.pipeline.reader import Reader
from headpond.pipeline.report import Counters, OnProgress
from headpond.pipeline.retry import Retry, StopRequested
from headpond.pipeline.sources.base import Item
from headpond.pipeline.unchanged import Unchanged
from headpond.stages.chain import Chain
from headpond.stages.ingest.base import Context
from headpond.stages.record import Failure, Record

_TICK = 0.1


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How a job is run.

    Attributes:
        window: records that are enriched together, at most.
        window_bytes: bytes of JSON in a window.
        workers: windows that are enriched at a time.
        writers: bulk requests at a time.
        bulk_documents: documents in a bulk request.
        bulk_bytes: bytes in a bulk request.
        pace: how inference endpoints are called.
        retry: what happens after failures of bulk requests and reads.
        cache: the file of embeddings computed before; None for the default, see `cache.default_path`.
        use_cache: False computes everything anew.
        dead_letters: where records go that cannot be indexed; None for a new file in the working directory.
        id_field: the field that holds ids; None for `_id` or a hash of the record.
    """

    window: int = 512
    window_bytes: int = 8_000_000
    workers: int = 2
    writers: int = 2
    bulk_documents: int = 500
    bulk_bytes: int = 5_000_000
    pace: Pace = field(default_factory=Pace)
    retry: Retry = field(default_factory=Retry)
    cache: Path | None = None
    use_cache: bool = True
    dead_letters: Path | None = None
    id_field: str | None = None


class Job:
    """The threads of one job.

    Args:
        chain: the processors.
        embedder: embeds for them.
        reader: gives windows.
        unchanged: says what needs no work; None when the index is new.
        writers: one for each writing thread.
        dead_letters: takes what cannot be indexed.
        counters: of the job.
        settings: how it is run.
        stop: set to end the job early; shared with the embedder.
        abort: set to end the writing, too; shared with the writers.
    """

    def __init__(
        self,
        chain: Chain,
        embedder: BatchEmbedder,
        reader: Reader,
        unchanged: Unchanged | None,
        writers: Sequence[BulkWriter],
        dead_letters: DeadLetters,
        counters: Counters,
        settings: JobSettings,
        stop: threading.Event,
        abort: threading.Event,
    ) -> None:
        self._chain = chain
        self._context = Context(embedder)
        self._reader = reader
        self._unchanged = unchanged
        self._writers = writers
        self._dead_letters = dead_letters
        self._counters = counters
        self._settings = settings
        self._stop = stop
        self._abort = abort
        self._windows: queue.Queue[tuple[int, list[Record]] | None] = queue.Queue(1)
        self._inboxes: list[queue.Queue[list[Line] | None]] = [queue.Queue(2) for _ in writers]
        self._turn = threading.Condition()
        self._next = 0
        self.error: BaseException | None = None
        self.interrupted = False

    def run(self, on_progress: OnProgress | None) -> None:
        """Runs until the sources are read and everything is written, or until the job has to end.

        Afterwards `error` holds what ended it early, and `interrupted` says whether that was Ctrl-C. A second Ctrl-C
        ends the writing, too.
        """
        progress = _Progress(on_progress, self._counters, self._reader.fraction)
        workers = [threading.Thread(target=self._enrich, daemon=True) for _ in range(self._settings.workers)]
        writers = [
            threading.Thread(target=self._write, args=pair, daemon=True)
            for pair in zip(self._writers, self._inboxes, strict=True)
        ]
        for thread in (*workers, *writers):
            thread.start()
        try:
            self._feed(progress)
        except KeyboardInterrupt:
            self._interrupt()
        except Exception as error:
            # A source that fails midway: what was read before it is still worked on.
            self.error = self.error or error
        self._finish(workers, self._windows, progress)
        for writer, inbox in zip(writers, self._inboxes, strict=True):
            self._finish([writer], inbox, progress)
        progress.show(done=True)

    def bad(self, failure: Failure, item: Item, source: str) -> None:
        """Dead-letters what cannot be a record."""
        self._letter(item.raw, failure, source, item.line, "the record cannot be read")

    def _feed(self, progress: _Progress) -> None:
        """Reads everything and hands it to the workers; runs in the caller's thread."""
        for number, window in enumerate(self._reader):
            while not self._stop.is_set():
                try:
                    self._windows.put((number, window), timeout=_TICK)
                    break
                except queue.Full:
                    progress.show()
            if self._stop.is_set():
                return

    def _finish(self, threads: list[threading.Thread], inbox: queue.Queue[Any], progress: _Progress) -> None:
        """Tells threads that nothing more comes, and waits for them."""
        while alive := [thread for thread in threads if thread.is_alive()]:
            try:
                with suppress(queue.Full):
                    inbox.put(None, timeout=_TICK)
                alive[0].join(_TICK)
                progress.show()
            except KeyboardInterrupt:
                self._interrupt()
            except Exception as error:
                self._fail(error)

    def _interrupt(self) -> None:
        """Ctrl-C ends reading and enriching, a second one the writing, too."""
        if self.interrupted:
            self._abort.set()
        self.interrupted = True
        self._stop.set()

    def _fail(self, error: BaseException) -> None:
        self.error = self.error or error
        self._stop.set()

    # -- workers

    def _enrich(self) -> None:
        while (task := self._windows.get()) is not None:
            number, window = task
            lines: list[Line] = []
            try:
                if not self._stop.is_set():
                    lines = self._prepared(window)
            except StopRequested:
                pass
            except BaseException as error:
                self._fail(error)
            with self._turn:
                self._turn.wait_for(partial(self._is_next, number))
            self._hand_on(lines)
            with self._turn:
                self._next += 1
                self._turn.notify_all()
        with suppress(queue.Full):
            self._windows.put_nowait(None)  # the end is for every worker

    def _is_next(self, number: int) -> bool:
        return self._next == number

    def _prepared(self, window: list[Record]) -> list[Line]:
        """What of a window is to be written; the rest has come to its end."""
        same = self._unchanged.among(window) if self._unchanged is not None else set()
        for place in same:
            self._settle(window[place], unchanged=1)
        todo = [record for place, record in enumerate(window) if place not in same]
        self._chain.run(todo, self._context)
        lines = []
        for record in todo:
            if record.dropped:
                self._settle(record, unchanged=1, dropped=1)
            elif record.failure is not None:
                self._dead(record, "a processor failed")
            else:
                try:
                    lines.append(Line.of(record))
                except ValueError as error:
                    record.failure = Failure("bulk", str(error))
                    self._dead(record, "the document cannot be sent")
        return lines

    def _hand_on(self, lines: list[Line]) -> None:
        shares: list[list[Line]] = [[] for _ in self._inboxes]
        for line in lines:
            shares[zlib.crc32(line.record.id.encode()) % len(shares)].append(line)
        for share, inbox in zip(shares, self._inboxes, strict=True):
            while share and not self._abort.is_set():
                try:
                    inbox.put(share, timeout=_TICK)
                    break
                except queue.Full:
                    continue

    # -- writers

    def _write(self, writer: BulkWriter, inbox: queue.Queue[list[Line] | None]) -> None:
        batch: list[Line] = []
        size = 0
        while (lines := inbox.get()) is not None:
            for line in lines:
                batch.append(line)
                size += len(line.body)
                if len(batch) >= self._settings.bulk_documents or size >= self._settings.bulk_bytes:
                    self._flush(writer, batch)
                    batch, size = [], 0
        self._flush(writer, batch)

    def _flush(self, writer: BulkWriter, batch: list[Line]) -> None:
        if not batch or self._abort.is_set():
            return
        try:
            writer.write(batch)
            for line in batch:
                if line.record.failure is None:
                    self._settle(line.record, indexed=1)
                else:
                    self._dead(line.record, "the index refused the document")
        except StopRequested:
            pass
        except BaseException as error:
            self._fail(error)
            self._abort.set()

    # -- ends of records

    def _settle(self, record: Record, **amounts: int) -> None:
        self._reader.in_flight.leave(record)
        self._counters.add(**amounts)

    def _dead(self, record: Record, reason: str) -> None:
        assert record.failure is not None
        self._reader.in_flight.leave(record)
        self._letter(orjson.Fragment(record.raw), record.failure, record.source, record.line, reason)

    def _letter(self, record: Any, failure: Failure, source: str, line: int | None, reason: str) -> None:
        self._dead_letters.write(
            {
                "record": record,
                "reason": reason,
                "stage": failure.stage,
                "error": failure.error,
                "source": source,
                "line": line,
                "attempts": failure.attempts,
            }
        )
        self._counters.add(dead_lettered=1)


class _Progress:
    """Calls back a few times a second, from the thread that started the job."""

    def __init__(self, callback: OnProgress | None, counters: Counters, fraction: Callable[[], float | None]) -> None:
        self._callback = callback
        self._counters = counters
        self._fraction = fraction
        self._last = 0.0

    def show(self, *, done: bool = False) -> None:
        now = time.monotonic()
        if self._callback is not None and (done or now - self._last >= _TICK):
            self._last = now
            callback, self._callback = self._callback, None  # one that raises is not called again
            callback(self._counters.snapshot(self._fraction(), done=done))
            self._callback = callback
