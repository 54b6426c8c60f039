"""`ingest`: from sources to an index, with everything checked before the first write."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import HeadpondError
from headpond.pipeline import cache, dead_letters, identity
from headpond.pipeline.api_error import describe
from headpond.pipeline.budget import Budget
from headpond.pipeline.bulk import BulkWriter
from headpond.pipeline.cache import EmbeddingCache, opened_cache
from headpond.pipeline.callbacks import Callbacks, OnDeadLetter
from headpond.pipeline.context import context
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.embedder import BatchEmbedder
from headpond.pipeline.endpoints import apply
from headpond.pipeline.held import CacheAndHolder, IndexHolder
from headpond.pipeline.index import ensure, index_name
from headpond.pipeline.job import Job, JobSettings
from headpond.pipeline.ledger import Ledger
from headpond.pipeline.letter import Origin
from headpond.pipeline.outage import Outage
from headpond.pipeline.outbox import Outbox
from headpond.pipeline.pace import limits
from headpond.pipeline.pace.bulk_size import BulkSize
from headpond.pipeline.pace.window_size import WindowSize
from headpond.pipeline.reader import Reader
from headpond.pipeline.report import Counters, IngestInterrupted, IngestStoppedError, OnProgress, Report
from headpond.pipeline.sources import Given, open_sources
from headpond.pipeline.sources.base import Source
from headpond.pipeline.spec import PipelineSpec
from headpond.pipeline.state.begin import Begun, begin
from headpond.pipeline.state.job_state import COMPLETE, INTERRUPTED, STOPPED, JobState, describe_sources, job_id
from headpond.pipeline.state.keeper import Keeper
from headpond.pipeline.state.prefix import NOTHING, Prefix
from headpond.pipeline.target import check_version
from headpond.pipeline.telemetry import telemetry
from headpond.pipeline.unchanged import Unchanged, is_empty

log = logging.getLogger("headpond.pipeline")


def ingest(
    spec: PipelineSpec,
    sources: Sequence[Given],
    client: Elasticsearch,
    *,
    index: str | None = None,
    settings: JobSettings | None = None,
    on_progress: OnProgress | None = None,
    on_dead_letter: OnDeadLetter | None = None,
    letters: DeadLetters | None = None,
    stop: threading.Event | None = None,
) -> Report:
    """Reads records, runs the processors, and indexes what is new or changed.

    Before the first write: the sources exist, the target can be used, endpoints exist (missing ones are made), the
    index exists (or is made) and its vector fields fit the endpoints. Afterwards the index is refreshed.

    Args:
        spec: the pipeline.
        sources: paths, URLs of files, databases and indices, `index:NAME`, `-` for JSON lines on standard input,
            sources of `headpond.pipeline.sources`, or iterables of dicts.
        client: of the target.
        index: the index; None for the pipeline's own.
        settings: how the job is run.
        on_progress: called a few times a second, in the caller's thread, and once at the end.
        on_dead_letter: called with each record that cannot be indexed, in the caller's thread.
        letters: takes what cannot be indexed; None writes the file of `settings.dead_letters`.
        stop: set from another thread, it ends the job early; the report then says that it is not complete.

    Raises:
        InputError: a source cannot be opened.
        PipelineError: the pipeline does not fit the target; nothing was written.
        TargetError: the target cannot be used; nothing was written.
        IngestStoppedError: the job ended early; its `report` says how far it came.
        IngestInterrupted: Ctrl-C; likewise.
    """
    settings = settings or JobSettings()
    opened = open_sources(sources, settings.source_options(client))
    check_version(client)
    name = index_name(spec, index)
    endpoints = apply(client, spec)
    budget = Budget(spec.file.prices, settings.max_tokens, settings.max_cost)
    budget.check({name: str(endpoints[name].shown.get("service")) for name in spec.processors.endpoints()})
    does = identity.of_pipeline(spec, endpoints)
    letters_file = dead_letters.default_path(spec.name)
    begun = _begin(client, spec, name, does, opened, letters_file, settings)
    start = begun.start if begun else NOTHING
    counters, stop, abort = Counters(budget=budget, telemetry=telemetry()), stop or threading.Event(), threading.Event()
    if begun:
        counters.go_on(start.counts, begun.state.inference)
    letters = letters or DeadLetters(begun.letters if begun else settings.dead_letters or letters_file)
    callbacks = Callbacks(on_progress, on_dead_letter, counters.telemetry)
    letters.listener = callbacks.listener
    prefix = Prefix(start)
    origin = Origin.of(spec, does, name, settings.id_field, begun.state.id if begun else None)
    ledger = Ledger(prefix, counters, letters, origin)
    keeper = Keeper(begun, prefix, counters, letters, settings.heartbeat, (stop, abort)) if begun else None
    asked = [limits.of(endpoints[name], settings.pace).inputs for name in spec.processors.endpoints()]
    window_size = WindowSize(settings.window, max(asked, default=None))
    reader = Reader(
        opened,
        does,
        records=window_size,
        size=settings.window_bytes,
        id_field=settings.id_field,
        ledger=ledger,
        changing=bool(spec.processors.chain.links),
        after=start.place,
    )

    def run(known: EmbeddingCache) -> Job:
        holder = IndexHolder(client, name) if settings.use_cache else None
        known = CacheAndHolder(known, holder) if holder else known
        embedder = BatchEmbedder(client, endpoints, known, counters, settings.pace, stop, budget=budget)
        job: Job | None = None
        try:
            made = ensure(client, name, spec, endpoints, embedder.dimensions)
            if made and keeper:
                keeper.index_is_new(client)
            outage = Outage(settings.retry.patience)
            there = Unchanged(client, name, settings.retry, stop, counters, holder, outage)
            unchanged = None if made or is_empty(client, name) else there
            retried = lambda: counters.add(retries=1)  # noqa: E731
            size = BulkSize(settings.bulk_bytes)
            writers = [
                BulkWriter(client, name, settings.retry, abort, retried, size, outage, there.held)
                for _ in range(settings.writers)
            ]
            outbox = Outbox(settings.bulk_documents, size, max(1, settings.writers // 2), abort)
            counted = lambda name, amount: counters.add(**{name: amount})  # noqa: E731
            handed = lambda window: context(embedder.of_window(window), embedder.fingerprints, counted)  # noqa: E731
            job = Job(
                name, spec.processors, handed, reader, window_size, unchanged, writers, outbox, ledger, counters,
                settings, stop, abort,
            )  # fmt: skip
            job.run(callbacks.tell)
            job.error = job.error or embedder.error
            return job
        except BaseException:
            stop.set()  # also for SystemExit out of a signal's handler: what is held back does not go on waiting
            raise
        finally:
            embedder.close(wait=not (job and job.forced))

    try:
        if keeper:
            keeper.start()
        with counters.telemetry.job(spec.name, name), opened_cache(_cache(settings, begun), client) as known:
            job = run(known)
        error = (keeper.lost if keeper else None) or job.error
        complete = error is None and counters.taken == counters.settled and not stop.is_set()
        if keeper:
            keeper.end(INTERRUPTED if job.interrupted and error is None else COMPLETE if complete else STOPPED, error)
    except BaseException as fault:
        if keeper:
            keeper.end(INTERRUPTED if isinstance(fault, KeyboardInterrupt) else STOPPED, fault)
        if isinstance(fault, KeyboardInterrupt):  # one that came while the job was ending
            raise _interrupted(counters.report(name, letters.path, complete=False), forced=True) from None
        raise
    finally:
        letters.close()
    earlier_letters = begun.letters if begun and start.counts.get("dead_lettered") else None
    report = counters.report(name, letters.path or earlier_letters, complete=complete)
    if report.indexed:
        _refresh(client, name)
    if error is not None:
        raise _stopped(error, report) from error
    if job.interrupted:
        raise _interrupted(report, forced=job.forced)
    if begun:
        begun.forget_journal()
    return report


def _begin(
    client: Elasticsearch,
    spec: PipelineSpec,
    name: str,
    does: bytes,
    sources: Sequence[Source],
    letters: Path,
    settings: JobSettings,
) -> Begun | None:
    """Takes the job; None for one that cannot be known again, because a source cannot."""
    described = describe_sources(sources) if settings.resume else None
    if described is None:
        return None
    wanted = JobState(
        id=job_id(spec.name, does, name, described, settings.id_field),
        pipeline=spec.name,
        file=str(Path(spec.where.file).absolute()) if spec.where.file else "",
        index=name,
        index_uuid="",
        sources=described,
        id_field=settings.id_field,
    )
    return begin(
        client,
        wanted,
        letters=settings.dead_letters,
        default_letters=letters,
        fresh=settings.fresh,
        take_over=settings.take_over,
        patience=settings.patience,
    )


def _cache(settings: JobSettings, begun: Begun | None) -> EmbeddingCache | str | Path | None:
    """Where vectors are kept: a job that uses none of earlier jobs keeps its own for as long as it is unfinished."""
    if settings.use_cache:
        return settings.cache or cache.default_path()
    return begun.journal() if begun else None


def _refresh(client: Elasticsearch, name: str) -> None:
    try:
        client.indices.refresh(index=name)
    except (ApiError, TransportError) as error:
        log.warning(
            "index [%s] could not be refreshed, new documents are found a little later: %s", name, describe(error)
        )


def _stopped(error: BaseException, report: Report) -> IngestStoppedError:
    message = error.message if isinstance(error, HeadpondError) else f"{type(error).__name__}: {error}"
    own_hint = f"{error.hint}; " if isinstance(error, HeadpondError) and error.hint else ""
    stopped = IngestStoppedError(message, hint=f"{own_hint}{_so_far(report)}")
    stopped.report = report
    return stopped


def _interrupted(report: Report, *, forced: bool) -> IngestInterrupted:
    interrupted = IngestInterrupted(f"interrupted; {_so_far(report)}")
    interrupted.report, interrupted.forced = report, forced
    return interrupted


def _so_far(report: Report) -> str:
    return (
        f"so far: {report.indexed} indexed, {report.unchanged} unchanged, {report.dead_lettered} dead-lettered; "
        "run the same command again to go on"
    )
