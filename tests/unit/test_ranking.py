"""Fusing ranked lists."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headpond.ranking import NORMALIZERS, Normalizer, atan, l2_norm, linear, minmax, normalize, positive, rrf, zscore

SCORES = st.floats(min_value=0, max_value=1000, width=32)
LEG = st.lists(st.tuples(st.integers(0, 30), SCORES), unique_by=lambda hit: hit[0], max_size=20)


def test_rrf_sums_reciprocal_ranks():
    fused = rrf([[("a", 9.0), ("b", 8.0)], [("b", 0.9), ("c", 0.8)]])
    assert fused.ids == ["b", "a", "c"]
    assert fused.scores.tolist() == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62])
    assert fused.ranks.tolist() == [[2, 1], [1, 0], [0, 2]]


def test_rrf_weights_each_leg():
    fused = rrf([[("a", 1.0)], [("b", 1.0)]], rank_constant=1, weights=[1, 3])
    assert fused.pairs() == [("b", 1.5), ("a", 0.5)]


def test_rrf_keeps_the_first_seen_of_equals_first():
    assert rrf([[("b", 1.0)], [("a", 1.0)]]).ids == ["b", "a"]
    assert rrf([[("b", 1.0)], [("a", 1.0)]], tie=str).ids == ["a", "b"]


def test_linear_adds_weighted_normalised_scores():
    fused = linear([[("a", 10.0), ("b", 5.0), ("c", 0.0)], [("c", 1.0), ("a", 0.0)]], [1, 2], "minmax")
    assert fused.pairs() == [("c", 2.0), ("a", 1.0), ("b", 0.5)]
    assert fused.contributions.tolist() == [[0, 2], [1, 0], [0.5, 0]]


def test_linear_takes_scores_as_they_are_without_a_normalizer():
    assert linear([[("a", 2.0)], [("a", 3.0), ("b", 4.0)]]).pairs() == [("a", 5.0), ("b", 4.0)]


def test_linear_counts_a_missing_score_as_zero():
    assert linear([[("a", math.nan), ("b", 1.0)]]).pairs() == [("b", 1.0), ("a", 0.0)]


def test_minmax_of_a_single_score_is_one():
    assert minmax(np.array([7.5], np.float32)).tolist() == [1.0]


def test_l2_norm_gives_length_one():
    assert l2_norm(np.array([3, 4], np.float32)).tolist() == pytest.approx([0.6, 0.8])


def test_empty_legs_fuse_to_nothing():
    assert rrf([[], []]).pairs() == []
    assert linear([], tie=str).pairs() == []


def test_fusion_refuses_a_wrong_number_of_weights():
    with pytest.raises(ValueError, match="1 weights for 2 legs"):
        rrf([[], []], weights=[1.0])
    with pytest.raises(ValueError, match="unknown normalizer 'max'"):
        linear([[("a", 1.0)]], normalizers="max")  # type: ignore[arg-type]


@given(st.lists(LEG, max_size=4), st.integers(1, 100))
def test_rrf_equals_a_plain_loop(legs, rank_constant):
    expected: dict[int, float] = {}
    for leg in legs:
        for rank, (id, _) in enumerate(leg, 1):
            expected[id] = expected.get(id, 0) + 1 / (rank_constant + rank)
    fused = rrf(legs, rank_constant)
    assert dict(fused.pairs()) == pytest.approx(expected, rel=1e-5)
    assert fused.scores.tolist() == sorted(fused.scores.tolist(), reverse=True)


@given(st.lists(LEG, max_size=4))
def test_linear_scores_are_the_sum_of_their_contributions(legs):
    fused = linear(legs, [0.5] * len(legs), "minmax")
    assert fused.contributions.sum(axis=1).tolist() == pytest.approx(fused.scores.tolist(), rel=1e-5)
    assert set(fused.ids) == {id for leg in legs for id, _ in leg}


def test_zscore_counts_deviations_from_the_mean():
    # mean 4, deviation of the whole list 2
    scores = zscore(np.array([7, 5, 5, 4, 4, 4, 2, 1], np.float32))
    deviation = math.sqrt((9 + 1 + 1 + 4 + 9) / 8)
    assert scores.tolist() == pytest.approx([3 / deviation, 1 / deviation, 1 / deviation] + [0.001] * 5, rel=1e-6)


def test_zscore_of_equal_scores_is_one():
    assert zscore(np.array([3, 3], np.float32)).tolist() == [1, 1]
    assert zscore(np.array([], np.float32)).tolist() == []


def test_atan_bends_every_score_by_itself():
    assert atan(np.array([0, 1, 1e9], np.float32)).tolist() == pytest.approx([0, 0.5, 1])
    fused = linear([[("a", 20.0), ("b", 1.0)], [("b", 1.0)]], [1, 1], "atan")
    assert fused.pairs()[0] == ("b", pytest.approx(1.0))


@pytest.mark.parametrize("normalizer", NORMALIZERS)
@given(leg=LEG)
def test_a_normalizer_keeps_the_order_and_gives_no_negative_scores(normalizer: Normalizer, leg):
    scores = np.array([score for _, score in leg], np.float32)
    scaled = normalize(scores, normalizer)
    order = np.argsort(-scores, kind="stable")
    assert (np.diff(scaled[order]) <= 0).all()
    assert np.isfinite(scaled).all()
    assert (scaled >= 0).all()
    assert normalize(np.array([np.nan, np.nan], np.float32), normalizer).tolist() == [0, 0]


@given(st.lists(LEG, max_size=4))
def test_ties_are_broken_by_their_key_alone(legs):
    fused = rrf(legs, tie=lambda id: -id)
    pairs = list(zip(fused.scores.tolist(), (-id for id in fused.ids), strict=True))
    assert pairs == sorted(pairs, key=lambda pair: (-pair[0], pair[1]))


def test_a_score_made_positive_keeps_its_order():
    scores = [positive(score) for score in (-30.0, -2.0, 0.0, 0.5, 4.0)]
    assert scores == pytest.approx([math.exp(-30), math.exp(-2), 1, 1.5, 5], rel=1e-6)
