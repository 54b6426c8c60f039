"""What an evaluation found, and how it is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from headpond.errors import InputError, UnknownNameError
from headpond.evaluation.bootstrap import CONFIDENCE, RESAMPLES, Interval
from headpond.evaluation.compare import WORSE, Change, Difference
from headpond.evaluation.metrics import Metric, Scores, parse_metrics
from headpond.evaluation.qrels import Qrels
from headpond.evaluation.queries import Queries
from headpond.evaluation.run import Run

if TYPE_CHECKING:
    from headpond.evaluation.depth import DepthSweep
    from headpond.evaluation.grid import Grid

ENOUGH_JUDGED = 0.8
"""Share of judged hits below which the other metrics are not to be trusted."""


@dataclass(slots=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        run: the rankings of what was evaluated.
        queries: those that were asked and have judgments.
        qrels: the judgments.
        metrics: what was computed.
        scores: float64[queries, metrics].
        values: the mean of each metric with its interval.
        against: the rankings of what it is compared with; None without.
        other_scores: float64[queries, metrics] of these.
        differences: of each metric; empty without a comparison.
        warnings: what the reader should know before believing the numbers.
        seed: of the bootstrap and of the sample.
        depth: the sweep over rerank windows, when it was asked for.
        grid: the search over fusions, when it was asked for.
    """

    run: Run
    queries: Queries
    qrels: Qrels
    metrics: list[Metric]
    scores: Scores
    values: list[Interval]
    against: Run | None = None
    other_scores: Scores | None = None
    differences: list[Difference] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seed: int = 0
    depth: DepthSweep | None = None
    grid: Grid | None = None

    def value(self, metric: str) -> Interval:
        """The mean of a metric.

        Raises:
            UnknownNameError: it was not computed.
        """
        return self.values[self._column(metric)]

    def difference(self, metric: str) -> Difference:
        """The difference in a metric.

        Raises:
            UnknownNameError: it was not computed.
            InputError: nothing was compared.
        """
        if not self.differences:
            raise InputError("nothing was compared", hint="give a pipeline or a saved run as `against`")
        return self.differences[self._column(metric)]

    def changes(self, metric: str | None = None) -> list[Change]:
        """Every query that changed, the biggest losses first.

        Args:
            metric: by which; None for the first.
        """
        if self.other_scores is None:
            return []
        column = 0 if metric is None else self._column(metric)
        found = [
            Change(id, text, float(self.other_scores[row, column]), float(self.scores[row, column]))
            for row, (id, text) in enumerate(self.queries.items())
            if abs(self.other_scores[row, column] - self.scores[row, column]) > 1e-9
        ]
        return sorted(found, key=lambda change: (change.difference, change.query))

    def losses(self, gate: Sequence[str] = ()) -> list[str]:
        """What is really worse, in words; empty when nothing is shown to be.

        Args:
            gate: the metrics that decide; the first one when empty. Each more that may decide makes a false alarm more
                likely: about 5 % for each.
        """
        gated = [self._column(name) for name in gate] or [0]
        found = [self.differences[at] for at in gated if self.differences]
        return [
            f"{one.metric} fell from {one.old:.4f} to {one.new:.4f} "
            f"({one.interval.mean:+.4f}, 95 % interval {one.interval.low:+.4f} to {one.interval.high:+.4f})"
            for one in found
            if one.verdict == WORSE
        ]

    def below(self, limits: Mapping[str, float]) -> list[str]:
        """Metrics whose mean is below a limit, in words.

        Raises:
            UnknownNameError: a metric was not computed.
        """
        return [
            f"{name} is {self.value(name).mean:.4f}, below {limit:g}"
            for name, limit in limits.items()
            if self.value(name).mean < limit
        ]

    def to_json(self) -> dict[str, Any]:
        """All of it, each query included, in plain types."""
        names = [metric.name for metric in self.metrics]
        return {
            "pipeline": self.run.name,
            "against": self.against.name if self.against else None,
            "queries": len(self.queries),
            "interval": {"method": "bootstrap, percentiles", "share": CONFIDENCE, "resamples": RESAMPLES,
                         "seed": self.seed},
            "metrics": {name: _interval(value) for name, value in zip(names, self.values, strict=True)},
            "differences": {
                one.metric: {"old": one.old, "new": one.new, "difference": one.interval.mean, "low": one.interval.low,
                             "high": one.interval.high, "verdict": one.verdict, "won": one.won, "lost": one.lost,
                             "tied": one.tied}
                for one in self.differences
            },
            "latency_ms": self.run.latency(),
            "latency_ms_against": self.against.latency() if self.against else {},
            "cost": {"total": self.run.cost, "currency": self.run.currency,
                     "endpoints": {id: one.to_json() for id, one in self.run.spent.items()}},
            "degraded": len(self.run.degraded),
            "size": self.run.size,
            "warnings": self.warnings,
            "depth": asdict(self.depth) if self.depth else None,
            "grid": self.grid.to_json() if self.grid else None,
            "per_query": {
                id: {
                    "text": text,
                    **{name: float(self.scores[row, at]) for at, name in enumerate(names)},
                    **({"against": {name: float(self.other_scores[row, at]) for at, name in enumerate(names)}}
                       if self.other_scores is not None else {}),
                }
                for row, (id, text) in enumerate(self.queries.items())
            },
        }  # fmt: skip

    def _column(self, metric: str) -> int:
        name = parse_metrics([metric])[0].name
        names = [one.name for one in self.metrics]
        if name not in names:
            raise UnknownNameError("metric of this evaluation", metric, names)
        return names.index(name)


def _interval(value: Interval) -> dict[str, float]:
    return {"value": value.mean, "low": value.low, "high": value.high}
