"""The plots of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from headpond.evaluation.bootstrap import Interval
from headpond.evaluation.compare import Change, Difference
from headpond.evaluation.depth import DepthSweep
from headpond.evaluation.grid import Grid
from headpond.evaluation.svg import BOTTOM, TOP, Frame, number

WIDTH = 920
ROW = 34
BINS = 40


def metric_intervals(names: Sequence[str], series: Sequence[tuple[str, Sequence[Interval]]]) -> Markup:
    """Each metric as a dot with its interval, on a scale from 0 to 1.

    Args:
        names: of the metrics.
        series: the name of a system, and its metrics.
    """
    highest = max([1.0, *(one.high for _, values in series for one in values if one.high == one.high)])
    frame = Frame(WIDTH, TOP + BOTTOM + ROW * len(names), (0, highest), (len(names), 0), left=130)
    frame.x_axis("")
    for row, name in enumerate(names):
        frame.text(frame.left - 10, frame.at_y(row + 0.5) + 4, name, anchor="end")
        frame.line([(0, row + 1), (highest, row + 1)], "across")
        for at, (system, values) in enumerate(series):
            y = row + (at + 1) / (len(series) + 1)
            one = values[row]
            kind = f"series{at + 1}"
            frame.line([(one.low, y), (one.high, y)], f"whisker {kind}")
            frame.dot(one.mean, y, kind, f"{system}: {name} {one.mean:.4f} ({one.low:.4f} to {one.high:.4f})")
    return frame.drawn("Each metric with its interval")


def difference_intervals(found: Sequence[Difference]) -> Markup:
    """Each difference with its interval around zero."""
    reach = 1.1 * max([0.01, *(max(abs(one.interval.low), abs(one.interval.high)) for one in found)])
    frame = Frame(WIDTH, TOP + BOTTOM + ROW * len(found), (-reach, reach), (len(found), 0), left=130)
    frame.x_axis("difference: to the right is better")
    frame.upright(0, "zero")
    for row, one in enumerate(found):
        y, kind = row + 0.5, {"better": "gain", "worse": "loss"}.get(one.verdict, "even")
        frame.text(frame.left - 10, frame.at_y(y) + 4, one.metric, anchor="end")
        frame.line([(one.interval.low, y), (one.interval.high, y)], f"whisker {kind}")
        told = f"{one.metric} {one.interval.mean:+.4f} ({one.interval.low:+.4f} to {one.interval.high:+.4f})"
        frame.dot(one.interval.mean, y, kind, f"{told}: {one.verdict}")
    return frame.drawn("Each difference with its interval")


def query_changes(changes: Sequence[Change], queries: int) -> Markup:
    """Every query as a bar, from the biggest loss to the biggest gain; those that stayed are the gap between them."""
    reach = max(0.01, *(abs(change.difference) for change in changes))
    frame = Frame(WIDTH, 240, (0, max(queries, 1)), (-reach, reach))
    frame.y_axis()
    losses = sum(change.difference < 0 for change in changes)
    for place, change in enumerate(changes):
        at = place if place < losses else queries - len(changes) + place
        told = f"{change.query}: {change.text} {change.old:.3f} → {change.new:.3f}"
        kind = "gain" if change.difference > 0 else "loss"
        frame.box((at + 0.08, at + 0.92), (0, change.difference), f"bar {kind}", told)
    frame.x_axis("queries, from the biggest loss to the biggest gain", [])
    return frame.drawn("The change of each query")


def latencies(series: Sequence[tuple[str, Sequence[float]]]) -> Markup:
    """How many queries took how long; the last bin holds everything beyond the 99th percentile.

    Args:
        series: the name of a system, and the seconds of its queries.
    """
    times = [1000 * np.array(seconds) for _, seconds in series]
    low = min(float(one.min()) for one in times)
    most = max(float(np.percentile(one, 99)) for one in times)
    span = max(most - low, 0.01 * max(most, 1))
    edges = np.linspace(low, low + span * 1.02, BINS + 1)
    counts = [np.histogram(np.minimum(one, edges[-1]), edges)[0] / len(one) * 100 for one in times]
    frame = Frame(WIDTH, 240, (float(edges[0]), float(edges[-1])), (0, float(max(one.max() for one in counts)) * 1.08))
    frame.y_axis()
    for at, ((name, _), share) in enumerate(zip(series, counts, strict=True)):
        for place, height in enumerate(share):
            if height:
                told = f"{name}: {height:.1f} % of the queries took {edges[place]:.1f} to {edges[place + 1]:.1f} ms"
                frame.box((edges[place], edges[place + 1]), (0, float(height)), f"bar soft series{at + 1}", told)
    for at, one in enumerate(times):
        frame.upright(float(np.percentile(one, 50)), f"mark series{at + 1}", "p50")
    frame.x_axis("milliseconds a query; share of the queries in %")
    return frame.drawn("Distribution of the times of queries")


def depth_curve(found: DepthSweep) -> Markup:
    """The metric over rerank windows, with the interval of its gain, and where 90 % of the gain is reached."""
    base = found.baseline.mean
    points = [(0, base, 0.0, 0.0), *((one.depth, one.value.mean, one.gain.low, one.gain.high) for one in found.points)]
    low, high = min(base + one[2] for one in points), max(base + one[3] for one in points)
    margin = 0.08 * (high - low) or 0.01
    frame = Frame(WIDTH, 280, (0, points[-1][0] * 1.04), (low - margin, high + margin))
    frame.y_axis()
    frame.area(
        [(x, base + up) for x, _, _, up in points], [(x, base + down) for x, _, down, _ in points], "band series1"
    )
    frame.line([(0, base), (points[-1][0], base)], "baseline")
    if found.enough is not None:
        frame.upright(found.enough, "mark series2", "90 % of the gain")
    frame.line([(x, value) for x, value, _, _ in points], "line series1")
    for x, value, _, _ in points:
        frame.dot(x, value, "series1", f"{x} hits reranked: {found.metric} {value:.4f}")
    label = "hits that are reranked; dashed: no rerank; shaded: 95 % interval of the gain"
    frame.x_axis(label, [x for x, _, _, _ in points])
    return frame.drawn(f"{found.metric} over the depth of the rerank")


def heat_map(grid: Grid) -> Markup:
    """The metric over fusions (rows) and weights of the first leg (columns): the best that the other weights allow."""
    best: dict[tuple[str, float], float] = {}
    families = list(dict.fromkeys(one.family.name for one in grid.variants))
    for one in grid.variants:
        # A leg alone belongs to every family, though it is computed once.
        for family in families if max(one.weights) == 1 else [one.family.name]:
            key = (family, one.weights[0])
            best[key] = max(best.get(key, 0.0), one.value)
    columns = sorted({weight for _, weight in best})
    low, high = min(best.values()), max(best.values())
    frame = Frame(WIDTH, TOP + BOTTOM + 30 * len(families), (0, len(columns)), (len(families), 0), left=130)
    for row, family in enumerate(families):
        frame.text(frame.left - 10, frame.at_y(row + 0.5) + 4, family, anchor="end")
        for column, weight in enumerate(columns):
            value = best.get((family, weight))
            if value is None:
                continue
            share = (value - low) / ((high - low) or 1)
            told = f"{family}, weight {weight:g} for {grid.legs[0]}: {grid.metric} {value:.4f}"
            frame.box((column, column + 0.96), (row + 0.03, row + 0.97), "cell", told, f"--share:{share:.3f}")
            kind = "high" if share > 0.6 else "value"
            x = (frame.at_x(column) + frame.at_x(column + 0.96)) / 2
            frame.text(x, frame.at_y(row + 0.5) + 4, f"{value:.3f}"[1:], f"label {kind}")
    for column, weight in enumerate(columns):
        frame.text(frame.at_x(column + 0.48), frame.height - BOTTOM + 16, number(weight))
    frame.text((frame.left + WIDTH) / 2, frame.height - 6, f"weight of {grid.legs[0]}", "axis")
    return frame.drawn(f"{grid.metric} of the fusions that were tried")
