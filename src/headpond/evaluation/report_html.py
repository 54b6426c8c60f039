"""The report as one HTML file: nothing is loaded from elsewhere, every text is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headpond.errors import InputError, MissingExtraError
from headpond.evaluation.bootstrap import RESAMPLES
from headpond.evaluation.compare import Change
from headpond.evaluation.evaluation import Evaluation

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from headpond.evaluation import plots
except ImportError as error:
    raise MissingExtraError("the HTML report", "evaluate", error.name or "jinja2") from None

FOLDER = Path(__file__).parent
SHOWN = 10
"""Losses and gains that are shown with their hits."""


def write_html(found: Evaluation, path: str | Path) -> None:
    """Writes the report.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        Path(path).write_text(render(found), encoding="utf-8")
    except OSError as error:
        raise InputError(f"the report cannot be written: {error.strerror}", where=str(path)) from None


def render(found: Evaluation) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    changes = found.changes()
    losses = [change for change in changes if change.difference < 0][:SHOWN]
    gains = [change for change in reversed(changes) if change.difference > 0][:SHOWN]
    return environment.get_template("report.html.j2").render(
        found=found,
        names=[metric.name for metric in found.metrics],
        resamples=RESAMPLES,
        plots=_plots(found, changes),
        losses=[_detail(found, change) for change in losses],
        gains=[_detail(found, change) for change in gains],
        rows=_rows(found),
    )


def _plots(found: Evaluation, changes: list[Change]) -> dict[str, Any]:
    names = [metric.name for metric in found.metrics]
    series = [(found.run.name, found.values)]
    times = [(run.name, list(run.seconds.values())) for run in (found.run, found.against) if run and run.seconds]
    drawn: dict[str, Any] = {"metrics": plots.metric_intervals(names, series)}
    if times:
        drawn["latency"] = plots.latencies(times)
    if found.differences:
        drawn["differences"] = plots.difference_intervals(found.differences)
    if changes:
        drawn["changes"] = plots.query_changes(changes, len(found.queries))
    if found.depth is not None:
        drawn["depth"] = plots.depth_curve(found.depth)
    if found.grid is not None:
        drawn["grid"] = plots.heat_map(found.grid)
    return drawn


def _detail(found: Evaluation, change: Change) -> dict[str, Any]:
    """A query with the first hits of both systems and their grades."""
    grades = found.qrels[change.query]
    systems = [found.against, found.run]
    lists = [
        [(document, grades.get(document)) for document, _ in run.rankings.get(change.query, [])[:SHOWN]]
        for run in systems
        if run is not None
    ]
    return {"change": change, "lists": lists}


def _rows(found: Evaluation) -> list[dict[str, Any]]:
    rows = []
    for row, (id, text) in enumerate(found.queries.items()):
        old = None if found.other_scores is None else float(found.other_scores[row, 0])
        values = [float(value) for value in found.scores[row]]
        rows.append({"id": id, "text": text, "values": values, "old": old,
                     "change": None if old is None else values[0] - old})  # fmt: skip
    return rows
