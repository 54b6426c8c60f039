"""How an evaluation looks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from headpond.cli import show
from headpond.cli.amounts import money

if TYPE_CHECKING:
    from headpond.evaluation.compare import Change
    from headpond.evaluation.depth import DepthSweep
    from headpond.evaluation.evaluation import Evaluation
    from headpond.evaluation.grid import Grid
    from headpond.evaluation.run import OnProgress, Run

CHANGES = 5
TEXT = 70
SECONDS_BETWEEN_LINES = 5.0
_STYLES = {"better": "green", "worse": "bold red"}


@contextmanager
def evaluation_progress() -> Iterator[OnProgress]:
    """Shows on stderr how many queries are asked: a bar on a terminal, a line every few seconds elsewhere."""
    out = show.console(stderr=True)
    if not out.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield tell


def show_evaluation(found: Evaluation) -> None:
    """Prints what was found."""
    out = show.console()
    against = f" against {found.against.name}" if found.against else ""
    out.print(Text(f"{found.run.name}{against}: {len(found.queries)} judged queries", style="bold"))
    _metrics(found)
    for run in (found.run, found.against):
        if run is not None:
            _run(run)
    changes = found.changes()
    name = found.metrics[0].name
    _changes(f"biggest losses, {name}", [change for change in changes if change.difference < 0])
    _changes(f"biggest gains, {name}", [change for change in reversed(changes) if change.difference > 0])
    if found.depth is not None:
        _depth(found.depth)
    if found.grid is not None:
        _grid(found.grid)
    for line in found.warnings:
        out.print(Text(f"note: {line}", style="yellow"), soft_wrap=True)
    out.print(Text(f"intervals: 95 %, bootstrap over queries, 10,000 resamples, seed {found.seed}", style="dim"))


def _metrics(found: Evaluation) -> None:
    rows: list[list[str | Text]] = []
    for at, (metric, value) in enumerate(zip(found.metrics, found.values, strict=True)):
        row: list[str | Text] = [metric.name, f"{value.mean:.4f}", f"{value.low:.3f} to {value.high:.3f}"]
        if found.differences:
            one = found.differences[at]
            row[1:1] = [f"{one.old:.4f}"]
            row += [
                f"{one.interval.mean:+.4f}",
                f"{one.interval.low:+.3f} to {one.interval.high:+.3f}",
                f"{one.won}/{one.lost}/{one.tied}",
                Text(one.verdict, style=_STYLES.get(one.verdict, "")),
            ]
        rows.append(row)
    columns = ["metric", "value", "95 % interval"]
    if found.differences:
        columns = [
            "metric",
            "before",
            "now",
            "95 % interval",
            "difference",
            "95 % interval",
            "won/lost/even",
            "verdict",
        ]
    _table(columns, rows)


def _run(run: Run) -> None:
    told = []
    if times := run.latency():
        at_once = f", {run.workers} at once" if run.workers > 1 else ""
        told.append(
            f"p50 {times['p50']:.1f} ms, p95 {times['p95']:.1f} ms, p99 {times['p99']:.1f} ms a query for {run.size} "
            f"hits{at_once}"
        )
    told += [
        f"{id} {one.requests:,} requests, {one.tokens:,} tokens{' (estimated)' if one.estimated else ''}"
        for id, one in run.spent.items()
    ]
    if run.spent and run.cost is not None:
        told.append(money(run.cost, run.currency))
    if told:
        show.console().print(Text(f"{run.name}: {'; '.join(told)}"), soft_wrap=True)


def _changes(title: str, changes: Sequence[Change]) -> None:
    if not changes:
        return
    out = show.console()
    out.print(Text(title, style="bold"))
    for one in changes[:CHANGES]:
        told = f"{one.difference:+.3f}  {one.old:.3f} -> {one.new:.3f}  {one.query}: {_short(one.text)}"
        out.print(Text(told), soft_wrap=True)


def _depth(found: DepthSweep) -> None:
    out = show.console()
    rows = [["0", f"{found.baseline.mean:.4f}", "", "", "0", "0", ""]]
    for one in found.points:
        cost = "" if one.cost is None else money(1000 * one.cost, found.currency)
        rows.append(
            [
                str(one.depth), f"{one.value.mean:.4f}", f"{one.gain.mean:+.4f}",
                f"{one.gain.low:+.4f} to {one.gain.high:+.4f}", f"{one.texts:.1f}", f"{1000 * one.seconds:.1f}", cost,
            ]
        )  # fmt: skip
    columns = ["depth", found.metric, "gain", "95 % interval", "texts a query", "ms a query", "1000 queries"]
    if found.currency is None:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    _table(columns, rows)
    if found.enough is None or found.best is None:
        out.print("no depth gains anything over no rerank")
        return
    enough, best = found.point(found.enough), found.point(found.best)
    told = f"depth {found.best} has the largest gain, {best.gain.mean:+.4f}; no smaller one has 90 % of it"
    if found.enough < found.best and best.texts:
        told = (
            f"depth {found.enough} reaches 90 % of the largest gain ({best.gain.mean:+.4f} at {found.best}) with "
            f"{enough.texts / best.texts:.0%} of its texts"
        )
    out.print(f"{told}; the pipeline has {found.own}", soft_wrap=True)
    if not best.gain.excludes_zero:
        out.print("that gain's interval holds zero: it may be chance", soft_wrap=True)
    if found.degraded:
        out.print(Text(f"note: {found.degraded} searches of the sweep were degraded", style="yellow"))


def _grid(found: Grid) -> None:
    out = show.console()
    out.print(f"best of {len(found.variants)} fusions, before the response processors: {found.best.name}")
    legs = ", ".join(f"{name} {one.mean:.4f} alone" for name, one in zip(found.legs, found.legs_alone, strict=True))
    out.print(f"legs: {legs}", soft_wrap=True)
    out.print(
        f"{found.metric} {found.best.value:.4f} on the queries it was chosen by; held out {found.held_out.mean:.4f} "
        f"({found.held_out.low:.4f} to {found.held_out.high:.4f}); the pipeline's own {found.current.mean:.4f}, "
        f"{found.difference.mean:+.4f} ({found.difference.low:+.4f} to {found.difference.high:+.4f}): {found.verdict}",
        soft_wrap=True,
    )
    out.print(found.retriever.rstrip(), markup=False, soft_wrap=True)


def _lines() -> OnProgress:
    last = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last > SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            show.console(stderr=True).print(f"{what}: {done} of {total} queries")

    return tell


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        shown.add_column(name, no_wrap=True)
    for row in rows:
        shown.add_row(*row)
    show.console().print(shown)


def _short(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1].rstrip() + "…"
