"""Intervals of means over queries, by the bootstrap.

Queries are drawn with replacement, as many as there are, many times; the interval reaches from the 2.5th to the 97.5th
percentile of the means of these draws. Two systems are compared on the differences of each query (paired), which takes
out how hard the queries are.

Sources: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile intervals);
T. Sakai, "Evaluating evaluation metrics based on the bootstrap", SIGIR 2006 (queries as the unit, paired differences).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
CONFIDENCE = 0.95
FEWEST = 10
"""Queries below which no verdict is given: percentile intervals of so few are too narrow."""

_CELLS = 4_000_000
"""Numbers that are held at once."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it may lie.

    Attributes:
        mean: of the queries.
        low: the interval's lower end.
        high: its upper end.
    """

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether all of it lies on one side of zero."""
        return self.low > 0 or self.high < 0


def intervals(
    values: NDArray[np.float64], *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = CONFIDENCE
) -> list[Interval]:
    """The interval of the mean of each column; all columns see the same draws.

    Args:
        values: float64[queries, columns].
        seed: of the draws; the same seed gives the same interval.
        resamples: how many draws.
        confidence: the share of the draws within the interval.

    Returns:
        One interval a column. All NaN without queries.
    """
    queries, columns = values.shape
    if not queries:
        return [Interval(np.nan, np.nan, np.nan)] * columns
    means = _resampled_means(values, seed, resamples)
    tail = 50 * (1 - confidence)
    low, high = np.percentile(means, [tail, 100 - tail], axis=0)
    own = values.mean(axis=0)
    return [Interval(float(own[at]), float(low[at]), float(high[at])) for at in range(columns)]


def _resampled_means(values: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    """float64[resamples, columns]; how often each query is drawn is multinomial, so none is picked one by one."""
    random = np.random.default_rng(seed)
    queries = len(values)
    chances = np.full(queries, 1 / queries)
    means = np.empty((resamples, values.shape[1]))
    step = max(1, _CELLS // queries)
    for start in range(0, resamples, step):
        drawn = random.multinomial(queries, chances, size=min(step, resamples - start))
        means[start : start + len(drawn)] = drawn @ values / queries
    return means
