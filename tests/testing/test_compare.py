from __future__ import annotations

import pytest

from headpond.testing.compare import differences


def hits(*pairs: tuple[str, float]) -> dict[str, object]:
    return {"hits": {"hits": [{"_id": key, "_score": score} for key, score in pairs]}}


def test_equal_answers_do_not_differ():
    assert differences({"a": [1, "x", None]}, {"a": [1, "x", None]}) == []


def test_every_difference_is_named_with_its_place():
    found = differences({"a": {"b": [1, 2]}, "new": 1}, {"a": {"b": [1, 3]}, "gone": 1})
    assert found == ["a.b[1]: got 2, expected 3", "gone: missing, expected 1", "new: not expected, got 1"]


def test_scores_agree_within_single_precision():
    assert differences(hits(("a", 1.0)), hits(("a", 1.000005))) == []
    assert differences(hits(("a", 1.0)), hits(("a", 1.0001))) != []


def test_scores_near_zero_agree_within_an_absolute_bound():
    assert differences(hits(("a", 0.0050252676)), hits(("a", 0.005025208))) == []
    assert differences(hits(("a", 0.0050252676)), hits(("a", 0.0050259))) != []


def test_a_wider_tolerance_may_be_asked_for():
    assert differences(hits(("a", 1.0)), hits(("a", 1.04)), score_rel=0.05) == []


def test_hits_of_equal_score_come_in_any_order():
    assert differences(hits(("a", 2), ("b", 1), ("c", 1)), hits(("a", 2), ("c", 1), ("b", 1))) == []


def test_hits_of_other_scores_keep_their_order():
    assert differences(hits(("b", 2), ("a", 1)), hits(("a", 2), ("b", 1))) != []


def test_sorted_hits_keep_their_order_even_in_a_tie():
    def one(key: str) -> dict[str, object]:
        return {"_id": key, "_score": 1.0, "sort": [1]}

    assert differences([one("a"), one("b")], [one("b"), one("a")]) != []


@pytest.mark.parametrize(("got", "expected"), [(1, 1.0), (True, 1), ("1", 1), (None, 0), ([], {})])
def test_values_of_another_kind_differ(got: object, expected: object):
    assert differences(got, expected) == [f"answer: got {got!r}, expected {expected!r}"]


def test_lists_of_another_length_are_shown_by_their_ids():
    assert differences(hits(("a", 1.0)), hits()) == ["hits.hits: got 1 elements (a), expected 0 ()"]
