"""`ingest`: from sources to an index, with everything checked before the first write."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import HeadpondError
from headpond.pipeline import cache, dead_letters, identity
from headpond.pipeline.api_error import describe
from headpond.pipeline.bulk import BulkWriter
from headpond.pipeline.cache import EmbeddingCache
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.embedder import BatchEmbedder
from headpond.pipeline.endpoints import apply
from headpond.pipeline.index import ensure, index_name
from headpond.pipeline.job import Job, JobSettings
from headpond.pipeline.reader import Reader
from headpond.pipeline.report import Counters, IngestInterrupted, IngestStoppedError, OnProgress, Report
from headpond.pipeline.sources import Given, open_source
from headpond.pipeline.spec import PipelineSpec
from headpond.pipeline.target import check_version
from headpond.pipeline.unchanged import Unchanged

log = logging.getLogger("headpond.pipeline")


def ingest(
    spec: PipelineSpec,
    sources: Sequence[Given],
    client: Elasticsearch,
    *,
    index: str | None = None,
    settings: JobSettings | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Reads records, runs the processors, and indexes what is new or changed.

    Before the first write: the sources exist, the target can be used, endpoints exist (missing ones are made), the
    index exists (or is made) and its vector fields fit the endpoints. Afterwards the index is refreshed.

    Args:
        spec: the pipeline.
        sources: paths (JSON lines or CSV, also `.gz`), `-` for JSON lines on standard input, or iterables of dicts.
        client: of the target.
        index: the index; None for the pipeline's own.
        settings: how the job is run.
        on_progress: called a few times a second, in the caller's thread, and once at the end.

    Raises:
        InputError: a source cannot be opened.
        PipelineError: the pipeline does not fit the target; nothing was written.
        TargetError: the target cannot be used; nothing was written.
        IngestStoppedError: the job ended early; its `report` says how far it came.
        IngestInterrupted: Ctrl-C; likewise.
    """
    settings = settings or JobSettings()
    opened = [open_source(given) for given in sources]
    check_version(client)
    name = index_name(spec, index)
    endpoints = apply(client, spec)
    counters, stop, abort = Counters(), threading.Event(), threading.Event()
    letters = DeadLetters(settings.dead_letters or dead_letters.default_path(spec.name))
    with EmbeddingCache((settings.cache or cache.default_path()) if settings.use_cache else None) as known:
        embedder = BatchEmbedder(client, endpoints, known, counters, settings.pace, stop)
        try:
            fresh = ensure(client, name, spec, endpoints, embedder.dimensions)
            retried = lambda: counters.add(retries=1)  # noqa: E731
            job = Job(
                spec.processors,
                embedder,
                Reader(
                    opened,
                    identity.of_pipeline(spec, endpoints),
                    records=settings.window,
                    size=settings.window_bytes,
                    id_field=settings.id_field,
                    on_take=lambda: counters.add(taken=1),
                    on_bad=lambda failure, item, source: job.bad(failure, item, source),
                ),
                None if fresh else Unchanged(client, name, settings.retry, stop, counters),
                [BulkWriter(client, name, settings.retry, abort, retried) for _ in range(settings.writers)],
                letters,
                counters,
                settings,
                stop,
                abort,
            )
            job.run(on_progress)
        finally:
            embedder.close()
            letters.close()
    complete = job.error is None and counters.taken == counters.settled and not stop.is_set()
    report = counters.report(name, letters.path, complete=complete)
    if report.indexed:
        _refresh(client, name)
    if job.error is not None:
        raise _stopped(job.error, report) from job.error
    if job.interrupted:
        raise _interrupted(report)
    return report


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


def _interrupted(report: Report) -> IngestInterrupted:
    interrupted = IngestInterrupted(f"interrupted; {_so_far(report)}")
    interrupted.report = report
    return interrupted


def _so_far(report: Report) -> str:
    return (
        f"so far: {report.indexed} indexed, {report.unchanged} unchanged, {report.dead_lettered} dead-lettered; "
        "run the same command again to go on"
    )
