"""How a running job and its report look."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from headpond.cli import show
from headpond.cli.amounts import counted, duration, money
from headpond.errors import InputError

if TYPE_CHECKING:
    from headpond.pipeline.report import InferenceUse, OnProgress, Report, Snapshot

SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def ingest_progress() -> Iterator[OnProgress]:
    """Shows a job on stderr: three live lines on a terminal, a plain line every few seconds elsewhere."""
    out = show.console(stderr=True)
    view = View()
    if not out.is_terminal:
        yield _plain_lines(out.print, view)
        return
    with Live(Text("starting"), console=out, transient=True, refresh_per_second=8) as live:
        yield lambda snapshot: live.update(Group(*view.lines(snapshot)))


def _plain_lines(write: Callable[[str], None], view: View) -> OnProgress:
    last = time.monotonic()

    def tell(snapshot: Snapshot) -> None:
        nonlocal last
        view.note(snapshot)
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES and not snapshot.done:
            last = time.monotonic()
            write(", ".join([*view.pace(snapshot), *details(snapshot)]))

    return tell


class View:
    """What is shown of a job; remembers where this run began, so that its rate is its own."""

    def __init__(self) -> None:
        self._began: float | None = None

    def note(self, snapshot: Snapshot) -> None:
        """Sees the first snapshot that knows how much there is."""
        if self._began is None and snapshot.fraction is not None:
            self._began = snapshot.fraction

    def lines(self, snapshot: Snapshot) -> list[Any]:
        """A bar, what the job did, and what that took."""
        self.note(snapshot)
        bar = ProgressBar(total=1.0, completed=snapshot.fraction or 0.0, pulse=snapshot.fraction is None, width=40)
        return [bar, Text(", ".join(self.pace(snapshot))), Text(", ".join(details(snapshot)))]

    def pace(self, snapshot: Snapshot) -> list[str]:
        """Records, how fast they come to their ends, and when the last one will."""
        settled = snapshot.indexed + snapshot.unchanged + snapshot.dead_lettered
        own = settled - snapshot.resumed
        rate = own / snapshot.seconds if snapshot.seconds > 0 else 0.0
        parts = [counted(settled, "record"), f"{rate:,.0f}/s"]
        if snapshot.fraction and 0 < snapshot.fraction < 1:
            parts.append(f"{snapshot.fraction:.0%}")
            if (left := self._left(snapshot)) is not None:
                parts.append(f"{duration(left)} left")
        if snapshot.unchanged:
            parts.append(f"{snapshot.unchanged:,} unchanged")
        if snapshot.dead_lettered:
            parts.append(f"{snapshot.dead_lettered:,} dead-lettered")
        return parts

    def _left(self, snapshot: Snapshot) -> float | None:
        done = (snapshot.fraction or 0.0) - (self._began or 0.0)
        return snapshot.seconds * (1 - (snapshot.fraction or 0.0)) / done if done > 0 else None


def details(snapshot: Snapshot) -> list[str]:
    """What endpoints were asked."""
    used = snapshot.inference
    parts = []
    if used.inputs:
        parts.append(f"{counted(used.inputs, 'text')} embedded")
    if used.tokens:
        parts.append(counted(used.tokens, "token"))
    if snapshot.cost is not None:
        parts.append(money(snapshot.cost, snapshot.currency))
    if used.cached:
        parts.append(f"{used.cached:,} from the cache")
    if used.retries:
        parts.append(counted(used.retries, "retry"))
    if used.throttled:
        parts.append(f"{used.throttled:,} throttled")
    at_once = sum(snapshot.concurrency.values())
    if at_once and used.requests:
        parts.append(f"{counted(at_once, 'request')} at a time")
    return parts


def show_report(report: Report) -> None:
    """Prints what a job did, in a few lines."""
    print(
        f"{report.read:,} read: {report.indexed:,} indexed, {report.unchanged:,} unchanged, "
        f"{report.dead_lettered:,} dead-lettered, in {report.seconds:.1f} s (index {report.index})"
    )
    print(f"inference: {inference(report.inference)}")
    if report.cost is not None:
        print(f"cost of this run: {money(report.cost, report.currency)}{_guessed(report)}")
    if report.resumed:
        print(f"resumed: {report.resumed:,} of them were settled by earlier runs")
    if report.dropped:
        print(f"dropped: {report.dropped:,} of the unchanged were left out by a processor")
    if report.cut_inputs:
        print(f"{report.cut_inputs:,} passages are longer than the model reads; it cuts them")
    if report.dead_letters is not None and report.dead_lettered:
        print(f"dead letters: {report.dead_letters}")


def _guessed(report: Report) -> str:
    estimated = sum(one.estimated for one in report.spent.values())
    return f" ({estimated:,} of the tokens are estimated: the target does not count them)" if estimated else ""


def inference(used: InferenceUse) -> str:
    """What endpoints were asked, in a line."""
    if not used.requests:
        return "no calls" + (f", {counted(used.cached, 'text')} from the cache" if used.cached else "")
    tokens = "unknown tokens" if used.tokens is None else counted(used.tokens, "token")
    throttled = f", {used.throttled:,} throttled" if used.throttled else ""
    return (
        f"{counted(used.requests, 'request')}, {counted(used.inputs, 'text')}, {tokens}, "
        f"{used.cached:,} from the cache, {counted(used.retries, 'retry')}{throttled}"
    )


def write_report(report: Any, file: Path) -> None:
    """Writes a report, a plan or a trial as JSON.

    Raises:
        InputError: the file cannot be written; the job itself is done.
    """
    try:
        file.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    except OSError as error:
        raise InputError(f"the report cannot be written: {error.strerror}", where=str(file)) from None
