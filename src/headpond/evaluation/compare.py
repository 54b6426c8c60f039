"""Two rankings of the same queries: by how much they differ, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headpond.evaluation.bootstrap import FEWEST, Interval, intervals
from headpond.evaluation.metrics import Metric

BETTER, WORSE, SAME, FEW = "better", "worse", "no difference shown", "too few queries"
EQUAL = 1e-9
"""Differences of a query that are no more than this are rounding."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of two rankings.

    Attributes:
        metric: its name.
        old: the mean of what is compared with.
        new: the mean of what is evaluated.
        interval: of the mean of `new - old` over the queries.
        verdict: `better` or `worse` when the interval excludes zero, else `no difference shown`; `too few queries` when
            there are less than 10. Empty for the share of judged hits, of which more is not better.
        won: queries that gained.
        lost: queries that lost.
        tied: queries that stayed.
    """

    metric: str
    old: float
    new: float
    interval: Interval
    verdict: str
    won: int
    lost: int
    tied: int


@dataclass(frozen=True, slots=True)
class Change:
    """A query whose ranking changed.

    Attributes:
        query: its id.
        text: the query.
        old: what is compared with.
        new: what is evaluated.
    """

    query: str
    text: str
    old: float
    new: float

    @property
    def difference(self) -> float:
        """Above zero when it gained."""
        return self.new - self.old


def differences(
    metrics: Sequence[Metric], old: NDArray[np.float64], new: NDArray[np.float64], *, seed: int = 0
) -> list[Difference]:
    """Every metric compared, query by query.

    Args:
        metrics: the columns.
        old: float64[queries, metrics] of what is compared with.
        new: float64[queries, metrics] of what is evaluated, the same queries in the same order.
        seed: of the bootstrap.
    """
    change = new - old
    change[np.abs(change) <= EQUAL] = 0.0
    found = intervals(change, seed=seed)
    return [
        Difference(
            metric.name,
            float(old[:, at].mean()),
            float(new[:, at].mean()),
            found[at],
            verdict(found[at], len(change)) if metric.is_quality else "",
            int((change[:, at] > 0).sum()),
            int((change[:, at] < 0).sum()),
            int((change[:, at] == 0).sum()),
        )
        for at, metric in enumerate(metrics)
    ]


def verdict(interval: Interval, queries: int) -> str:
    """What an interval of a difference says in a word or three."""
    if queries < FEWEST:
        return FEW
    if not interval.excludes_zero:
        return SAME
    return BETTER if interval.mean > 0 else WORSE
