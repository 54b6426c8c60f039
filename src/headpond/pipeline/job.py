"""Runs a job: a reader, workers that enrich windows of records, writers that index them. Nothing is lost on the way.

Every record that is read comes to one end: indexed, unchanged or dead-lettered. Queues are bounded, so memory does not
grow with the input. Records with the same id keep their order: windows are handed on in the order they were read, and
of one id the next is written when the one before it has been.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from headpond.pipeline.bulk import BulkWriter, Line
from headpond.pipeline.cache import EmbeddingCache
from headpond.pipeline.embedder import Pace
from headpond.pipeline.ledger import Ledger
from headpond.pipeline.outbox import Outbox, Piece
from headpond.pipeline.pace.window_size import WindowSize
from headpond.pipeline.progress import TICK, Progress
from headpond.pipeline.reader import Reader
from headpond.pipeline.report import Counters, OnProgress
from headpond.pipeline.retry import Retry, StopRequested
from headpond.pipeline.signals import on_interrupt
from headpond.pipeline.sources import SourceOptions
from headpond.pipeline.unchanged import Unchanged
from headpond.stages.ingest.base import Context
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.record import Failure, Record

PATIENCE = 300.0
"""Seconds that a target which is away is waited for, unless somebody says otherwise."""

log = logging.getLogger("headpond.pipeline")


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How a job is run.

    Attributes:
        window: records that are enriched together, at most; how many there are is found out while the job runs.
        window_bytes: bytes of JSON in a window.
        workers: windows that are enriched at a time.
        writers: bulk requests at a time.
        bulk_documents: documents in a bulk request.
        bulk_bytes: bytes in a bulk request at most; the cluster's answers decide how many there are.
        pace: how inference endpoints are called.
        retry: what happens after failures of bulk requests and reads.
        cache: where embeddings computed before are kept: a file, `index:NAME` for an index of the target, or a cache
            that is open; None for the default file, see `cache.default_path`.
        use_cache: False computes everything anew.
        dead_letters: where records go that cannot be indexed; None for a new file in the working directory.
        id_field: the field that holds ids; None for `_id` or a hash of the record.
        source_query: which documents of an index that is a source; None for all.
        sql: the rows of a database that is a source: a `SELECT` or the name of a table.
        max_tokens: that inference may cost in this run; the job ends before the request that would pass it.
        max_cost: likewise, in the currency of the pipeline's `prices`.
        resume: whether the target keeps the state of the job, so that a run goes on where an earlier one ended; only
            jobs whose sources can be known again, see `Source.identity`.
        fresh: starts from the beginning, whatever an earlier run left.
        take_over: takes the job from another run that may be alive.
        heartbeat: seconds between two writes of the state.
        patience: seconds without a sign of life after which another run of the job counts as dead.
    """

    window: int = 512
    window_bytes: int = 8_000_000
    workers: int = 8
    writers: int = 4
    bulk_documents: int = 2000
    bulk_bytes: int = 5_000_000
    pace: Pace = field(default_factory=Pace)
    retry: Retry = field(default_factory=lambda: Retry(patience=PATIENCE))
    cache: EmbeddingCache | str | Path | None = None
    use_cache: bool = True
    dead_letters: Path | None = None
    id_field: str | None = None
    source_query: Mapping[str, Any] | None = None
    sql: str | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    resume: bool = True
    fresh: bool = False
    take_over: bool = False
    heartbeat: float = 5.0
    patience: float = 30.0

    def source_options(self, client: Elasticsearch) -> SourceOptions:
        """What sources need; `client` is that of the target."""
        return SourceOptions(client, self.source_query, self.sql, self.id_field)


class Job:
    """The threads of one job.

    Args:
        index: the index.
        processors: what happens to records.
        context: gives what the processors are handed for a window, by its number.
        reader: gives windows.
        window_size: is told how long windows take.
        unchanged: says what needs no work; None when the index is empty.
        writers: one for each writing thread.
        outbox: where they find what to write.
        ledger: books the ends of records.
        counters: of the job.
        settings: how it is run.
        stop: set to end the job early; shared with the embedder.
        abort: set to end the writing, too; shared with the writers.
    """

    def __init__(
        self,
        index: str,
        processors: IngestPipeline,
        context: Callable[[int], Context],
        reader: Reader,
        window_size: WindowSize,
        unchanged: Unchanged | None,
        writers: Sequence[BulkWriter],
        outbox: Outbox,
        ledger: Ledger,
        counters: Counters,
        settings: JobSettings,
        stop: threading.Event,
        abort: threading.Event,
    ) -> None:
        self._index = index
        self._processors = processors
        self._context = context
        self._reader = reader
        self._window_size = window_size
        self._unchanged = unchanged
        self._writers = writers
        self._ledger = ledger
        self._counters = counters
        self._settings = settings
        self._stop = stop
        self._abort = abort
        self._windows: queue.Queue[tuple[int, list[Record]] | None] = queue.Queue(1)
        self._outbox = outbox
        self._turn = threading.Condition()
        self._next = 0
        self.error: BaseException | None = None
        self.interrupted = False
        self.forced = False
        self._reading = False
        self._told = False

    def run(self, on_progress: OnProgress | None) -> None:
        """Runs until the sources are read and everything is written, or until the job has to end.

        Afterwards `error` holds what ended it early, and `interrupted` says whether that was Ctrl-C. A second Ctrl-C
        ends the writing, too.
        """
        progress = Progress(on_progress, self._counters, self._reader.fraction)
        workers = [threading.Thread(target=self._enrich, daemon=True) for _ in range(self._settings.workers)]
        writers = [threading.Thread(target=self._write, args=(writer,), daemon=True) for writer in self._writers]
        for thread in (*workers, *writers):
            thread.start()
        with on_interrupt(self._on_interrupt):
            try:
                self._feed(progress)
            except KeyboardInterrupt:
                if not self.interrupted:
                    self._interrupt()
            except Exception as error:
                # A source that fails midway: what was read before it is still worked on.
                self.error = self.error or error
            self._finish(workers, lambda: self._windows.put(None, timeout=TICK), progress)
            self._finish(writers, self._outbox.close, progress)
            self._ledger.close()
        progress.show(done=True)

    def _feed(self, progress: Progress) -> None:
        """Reads everything and hands it to the workers; runs in the caller's thread."""
        self._reading = True
        try:
            for number, window in enumerate(self._reader):
                while not self._stop.is_set():
                    try:
                        self._windows.put((number, window), timeout=TICK)
                        break
                    except queue.Full:
                        progress.show()
                if self._stop.is_set():
                    return
        finally:
            self._reading = False

    def _finish(self, threads: list[threading.Thread], tell: Callable[[], None], progress: Progress) -> None:
        """Tells threads that nothing more comes, and waits for them; after a second Ctrl-C nobody is waited for."""
        while (alive := [thread for thread in threads if thread.is_alive()]) and not self.forced:
            if self.interrupted and not self._told:
                self._told = True
                log.warning("interrupted: what is on its way is finished; Ctrl-C again ends at once")
            try:
                with suppress(queue.Full):
                    tell()
                alive[0].join(TICK)
                progress.show()
            except KeyboardInterrupt:
                self._interrupt()
            except Exception as error:
                self.fail(error)

    def _on_interrupt(self) -> None:
        """Ctrl-C: an exception only where a source may be waited for, which nothing else would end."""
        self._interrupt()
        if self._reading:
            self._reading = False
            raise KeyboardInterrupt

    def _interrupt(self) -> None:
        """Ctrl-C ends reading and enriching, a second one everything."""
        self.forced = self.interrupted
        self.interrupted = True
        self._stop.set()
        if self.forced:
            self._abort.set()

    def fail(self, error: BaseException, *, at_once: bool = False) -> None:
        """Ends the job early.

        Args:
            error: why.
            at_once: whether what is on its way to the index is given up, too.
        """
        self.error = self.error or error
        self._stop.set()
        if at_once:
            self._abort.set()

    # -- workers

    def _enrich(self) -> None:
        while (task := self._windows.get()) is not None:
            number, window = task
            ready: list[Record] = []
            with self._failing():
                if not self._stop.is_set():
                    with self._counters.telemetry.batch(len(window)):
                        ready = self._enriched(number, window)
            with self._turn:
                self._turn.wait_for(partial(self._is_next, number))
            with self._failing():
                self._hand_on(ready)
            with self._turn:
                self._next += 1
                self._turn.notify_all()
        with suppress(queue.Full):
            self._windows.put_nowait(None)  # the end is for every worker

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """An error in a thread ends the job."""
        try:
            yield
        except StopRequested:
            pass
        except BaseException as error:
            self.fail(error)

    def _is_next(self, number: int) -> bool:
        return self._next == number

    def _enriched(self, number: int, window: list[Record]) -> list[Record]:
        """What of a window is to be written; the rest has come to its end."""
        began = time.monotonic()
        same = self._unchanged.among(window) if self._unchanged is not None else set()
        self._ledger.settle([window[place] for place in same], unchanged=1)
        todo = [record for place, record in enumerate(window) if place not in same]
        for record in todo:
            record.metadata["_index"] = self._index
        self._processors.run(todo, self._context(number))
        self._window_size.took(time.monotonic() - began, len(window))
        ready = []
        for record in todo:
            if record.left:
                continue
            if record.dropped:
                self._ledger.settle([record], unchanged=1, dropped=1)
            elif record.failure is not None:
                self._ledger.dead(record, "a processor failed")
            else:
                ready.append(record)
        return ready

    def _hand_on(self, records: list[Record]) -> None:
        """Gives records to the writers; they become JSON only as they are taken, so that no window is held as JSON."""
        for record in records:
            if self._abort.is_set():
                return
            try:
                line = Line.of(record, self._index)
            except ValueError as error:
                record.failure = Failure("bulk", str(error))
                self._ledger.dead(record, "the document cannot be sent")
                continue
            self._outbox.put(line)

    # -- writers

    def _write(self, writer: BulkWriter) -> None:
        while (piece := self._outbox.take()) is not None:
            self._flush(writer, piece)
            self._outbox.done(piece)

    def _flush(self, writer: BulkWriter, batch: Piece) -> None:
        try:
            with self._counters.telemetry.bulk(len(batch.lines), batch.size):
                writer.write(batch.lines)
            self._ledger.settle([line.record for line in batch.lines if line.record.failure is None], indexed=1)
            for line in batch.lines:
                if line.record.failure is not None:
                    self._ledger.dead(line.record, "the index refused the document")
        except StopRequested:
            pass
        except BaseException as error:
            self.fail(error, at_once=True)
