"""How a running job and its report look."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headpond.cli import show
from headpond.errors import InputError

if TYPE_CHECKING:
    from headpond.pipeline.report import InferenceUse, OnProgress, Report, Snapshot

SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def ingest_progress() -> Iterator[OnProgress]:
    """Shows a job on stderr: a live line on a terminal, a plain line every few seconds elsewhere."""
    out = show.console(stderr=True)
    if not out.is_terminal:
        yield _plain_lines(out.print)
        return
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def tell(snapshot: Snapshot) -> None:
            total = 1.0 if snapshot.fraction is not None else None
            bars.update(task, description=_line(snapshot), completed=snapshot.fraction or 0.0, total=total)

        yield tell


def _plain_lines(write: Callable[[str], None]) -> OnProgress:
    last = time.monotonic()

    def tell(snapshot: Snapshot) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES and not snapshot.done:
            last = time.monotonic()
            write(_line(snapshot))

    return tell


def _line(snapshot: Snapshot) -> str:
    settled = snapshot.indexed + snapshot.unchanged + snapshot.dead_lettered
    rate = settled / snapshot.seconds if snapshot.seconds > 0 else 0.0
    parts = [f"{settled:,} records", f"{rate:,.0f}/s"]
    if snapshot.fraction and 0 < snapshot.fraction < 1:
        parts.append(f"{snapshot.fraction:.0%}")
    if snapshot.inference.inputs:
        parts.append(f"{snapshot.inference.inputs:,} texts embedded")
    if snapshot.inference.retries:
        parts.append(f"{snapshot.inference.retries} retries")
    if snapshot.dead_lettered:
        parts.append(f"{snapshot.dead_lettered} dead-lettered")
    return ", ".join(parts)


def show_report(report: Report) -> None:
    """Prints what a job did, in two or three lines."""
    print(
        f"{report.read:,} read: {report.indexed:,} indexed, {report.unchanged:,} unchanged, "
        f"{report.dead_lettered:,} dead-lettered, in {report.seconds:.1f} s (index {report.index})"
    )
    print(f"inference: {_inference(report.inference)}")
    if report.dead_letters is not None and report.dead_lettered:
        print(f"dead letters: {report.dead_letters}")


def _inference(used: InferenceUse) -> str:
    if not used.requests:
        return "no calls" + (f", {used.cached:,} texts from the cache" if used.cached else "")
    tokens = "unknown" if used.tokens is None else f"{used.tokens:,}"
    return (
        f"{used.requests:,} requests, {used.inputs:,} texts, {tokens} tokens, "
        f"{used.cached:,} from the cache, {used.retries:,} retries"
    )


def write_report(report: Report, file: Path) -> None:
    """Writes the report as JSON.

    Raises:
        InputError: the file cannot be written; the job itself is done.
    """
    try:
        file.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    except OSError as error:
        raise InputError(f"the report cannot be written: {error.strerror}", where=str(file)) from None
