"""Index records through a pipeline: JSON lines, CSV, Parquet, a database, an index, or - for JSON lines piped in.

Records that are already indexed and have not changed cost nothing. Records that cannot be indexed go, with the reason,
to a file of dead letters; the others are indexed all the same. A job that ended early (Ctrl-C, kill, an error) goes on
where it was when the same command is run again, on any machine that has the files; headpond jobs lists such jobs.

headpond ingest quickstart articles.jsonl
zcat dump.gz | headpond ingest quickstart - --index articles
headpond ingest quickstart articles.jsonl --dry-run --sample 20
headpond ingest hybrid.yaml part-*.jsonl.gz --target http://127.0.0.1:9200 --max-cost 20 --report report.json
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headpond.cli import app, options, planned, progress
from headpond.errors import InputError

if TYPE_CHECKING:
    from headpond.pipeline import Pipeline
    from headpond.pipeline.job import JobSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the verb's arguments."""
    parser.add_argument("pipeline", metavar="PIPELINE", help="a name (see headpond list) or a file")
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="files, URLs, index:NAME, sqlite:///FILE#TABLE, or - for standard input",
    )
    parser.add_argument("--index", metavar="NAME", help="the index (default: the pipeline's)")
    parser.add_argument("--id-field", metavar="FIELD", help="the field with ids (default: _id, else a hash)")
    parser.add_argument("--query", metavar="SQL", help="the rows of a database: a SELECT, or the name of a table")
    parser.add_argument("--source-query", metavar="JSON", help="the documents of an index: a query, or a file with it")
    parser.add_argument("--report", type=options.new_file, metavar="FILE", help="write the report as JSON")
    parser.add_argument(
        "--dead-letters", type=options.new_file, metavar="FILE", help="where bad records go (default: a new file)"
    )
    parser.add_argument("--fresh", action="store_true", help="begin at the beginning, whatever an earlier run left")
    parser.add_argument("--take-over", action="store_true", help="take the job from another run, dead or alive")
    parser.add_argument(
        "--patience",
        type=options.positive,
        metavar="S",
        help="seconds that a target which is away is waited for (default: 300)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be done and what it would cost")
    parser.add_argument(
        "--sample", type=options.positive, metavar="N", help="run N records and show them; the index is left alone"
    )
    parser.add_argument(
        "--max-tokens", type=options.positive, metavar="N", help="end the run before it needs more tokens (exit code 4)"
    )
    parser.add_argument(
        "--max-cost", type=options.amount, metavar="X", help="likewise, in the currency of the pipeline's prices"
    )
    options.add_cache(parser)
    options.add_target(parser)


def run(args: argparse.Namespace) -> int:
    """Runs the job and shows its report."""
    from headpond.pipeline.budget import BudgetSpentError
    from headpond.pipeline.job import PATIENCE, JobSettings
    from headpond.pipeline.report import IngestInterrupted, IngestStoppedError, Report
    from headpond.pipeline.retry import Retry
    from headpond.pipeline.sources.query import read_query
    from headpond.toolkit import load

    _check_outputs(args)
    settings = JobSettings(
        id_field=args.id_field,
        sql=args.query,
        source_query=read_query(args.source_query) if args.source_query else None,
        dead_letters=args.dead_letters,
        retry=Retry(patience=args.patience or PATIENCE),
        fresh=args.fresh,
        take_over=args.take_over,
        max_tokens=args.max_tokens,
        max_cost=args.max_cost,
        **options.cache_settings(args),
    )

    def finish(report: Report) -> None:
        progress.show_report(report)
        if args.report is not None:
            progress.write_report(report, args.report)

    with _ended_by_sigterm(), _telemetry(), options.connect_to(args) as client:
        pipeline = load(args.pipeline, client=client)
        if args.dry_run or args.sample:
            return _look_ahead(pipeline, args, settings)
        try:
            with progress.ingest_progress() as tell:
                report = pipeline.ingest(*args.sources, index=args.index, settings=settings, on_progress=tell)
        except (IngestStoppedError, IngestInterrupted) as ended:
            finish(ended.report)
            if isinstance(ended.__cause__, BudgetSpentError):
                print(f"stopped: {ended}", file=sys.stderr)
                return app.BUDGET
            if isinstance(ended, IngestInterrupted) and ended.forced:
                app.leave_at_once(str(ended))
            raise
    finish(report)
    return app.DEAD_LETTERS if report.dead_lettered else app.DONE


def _check_outputs(args: argparse.Namespace) -> None:
    """Refuses to write into what is read.

    Raises:
        InputError: a file to write is one of the sources.
    """
    for option, written in (("--dead-letters", args.dead_letters), ("--report", args.report)):
        if written is not None and any(os.path.realpath(written) == os.path.realpath(one) for one in args.sources):
            raise InputError(f"{option} is one of the sources", where=str(written), hint="give another file")


@contextmanager
def _telemetry() -> Iterator[None]:
    """Spans and metrics go where `OTEL_EXPORTER_OTLP_*` says, the last ones at the end."""
    from headpond.pipeline.telemetry import configure

    close = configure()
    try:
        yield
    finally:
        close()


def _look_ahead(pipeline: Pipeline, args: argparse.Namespace, settings: JobSettings) -> int:
    """Shows the plan, a trial of a few records, or the plan with what such a trial measured."""
    if args.dry_run:
        plan = pipeline.plan(*args.sources, index=args.index, settings=settings, sample=args.sample or 0)
        planned.show_plan(plan)
        if args.report is not None:
            progress.write_report(plan, args.report)
        return app.FAILED if plan.problems else app.DONE
    trial = pipeline.sample(*args.sources, number=args.sample, settings=settings)
    planned.show_trial(trial)
    if args.report is not None:
        progress.write_report(trial, args.report)
    return app.DONE


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM, by which schedulers end a process, ends the job as cleanly as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
