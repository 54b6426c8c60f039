"""Intervals: against another implementation, and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from headpond.evaluation import bootstrap as module
from headpond.evaluation.bootstrap import Interval, intervals
from headpond.evaluation.compare import BETTER, FEW, SAME, WORSE, differences, verdict
from headpond.evaluation.metrics import parse_metrics


def test_intervals_are_those_of_scipy() -> None:
    values = np.random.default_rng(3).beta(0.6, 0.9, size=200)
    own = intervals(values[:, None])[0]
    theirs = bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=5).confidence_interval
    assert own.mean == pytest.approx(values.mean())
    # Both are drawn: they agree up to the noise of ten thousand draws.
    assert own.low == pytest.approx(theirs.low, abs=0.004)
    assert own.high == pytest.approx(theirs.high, abs=0.004)


def test_intervals_hold_the_true_mean_as_often_as_they_say() -> None:
    draw = np.random.default_rng(7)
    samples = draw.beta(2, 3, size=(100, 400))  # one sample of 100 queries a column; the true mean is 0.4
    held = [one.low <= 0.4 <= one.high for one in intervals(samples, resamples=1000)]
    assert 0.90 <= np.mean(held) <= 0.98


def test_the_same_seed_gives_the_same_interval_and_another_another() -> None:
    values = np.random.default_rng(0).random((50, 1))
    assert intervals(values, seed=4) == intervals(values, seed=4)
    assert intervals(values, seed=4) != intervals(values, seed=5)


def test_draws_in_pieces_are_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((50, 2))
    whole = intervals(values)
    monkeypatch.setattr(module, "_CELLS", 50 * 999)
    assert intervals(values) == whole


def test_equal_values_have_no_width_and_no_values_no_interval() -> None:
    assert intervals(np.full((20, 1), 0.5)) == [Interval(0.5, 0.5, 0.5)]
    assert np.isnan(intervals(np.empty((0, 2)))[1].mean)


def test_pairing_finds_a_small_change_that_hard_queries_would_hide() -> None:
    draw = np.random.default_rng(1)
    old = draw.random((60, 1))
    new = old + draw.normal(0.02, 0.02, size=(60, 1))
    one = differences(parse_metrics("nDCG@10"), old, new)[0]
    assert one.verdict == BETTER
    apart_old, apart_new = intervals(old)[0], intervals(new)[0]
    assert apart_new.low < apart_old.high  # unpaired, the two cannot be told apart


def test_differences_say_who_won_and_lost() -> None:
    old = np.array([[0.5, 0.9]] * 12)
    new = old + np.array([[0.1, -0.2]] * 10 + [[-0.1, -0.2], [1e-12, -0.2]])
    better, worse = differences(parse_metrics("nDCG@10,RR"), old, new)
    assert (better.verdict, better.won, better.lost, better.tied) == (BETTER, 10, 1, 1)
    assert (worse.verdict, worse.won, worse.lost, worse.tied) == (WORSE, 0, 12, 0)
    assert worse.new - worse.old == pytest.approx(worse.interval.mean)


def test_a_share_of_judged_hits_is_no_quality() -> None:
    old = np.full((12, 1), 0.5)
    assert differences(parse_metrics("Judged@10"), old, old + 0.3)[0].verdict == ""


@pytest.mark.parametrize(
    ("interval", "queries", "wanted"),
    [
        (Interval(0.1, 0.05, 0.2), 10, BETTER),
        (Interval(-0.1, -0.2, -0.05), 10, WORSE),
        (Interval(0.1, 0.0, 0.2), 10, SAME),
        (Interval(-0.1, -0.2, 0.0), 10, SAME),
        (Interval(0.1, 0.05, 0.2), 9, FEW),
    ],
)
def test_verdicts(interval: Interval, queries: int, wanted: str) -> None:
    assert verdict(interval, queries) == wanted
