"""Metrics: worked examples from books, and a second implementation on random rankings."""

from __future__ import annotations

import math
import random
import sys

import numpy as np
import pytest

from headpond.errors import InputError, MissingExtraError, UnknownNameError
from headpond.evaluation.metrics import Evaluator, parse_metrics


def score(metrics: str, grades: dict[str, int], ranking: list[str]) -> list[float]:
    evaluator = Evaluator(parse_metrics(metrics), {"q": grades}, ["q"])
    return [float(value) for value in evaluator.scores({"q": ranking})[0]]


def test_ndcg_of_the_example_in_its_wikipedia_article() -> None:
    # https://en.wikipedia.org/wiki/Discounted_cumulative_gain: grades 3 2 3 0 1 2, and 3 and 2 that were not found.
    grades = {"d1": 3, "d2": 2, "d3": 3, "d4": 0, "d5": 1, "d6": 2, "d7": 3, "d8": 2}
    assert score("nDCG@6", grades, ["d1", "d2", "d3", "d4", "d5", "d6"])[0] == pytest.approx(0.785, abs=5e-4)


def test_average_precision_of_the_example_in_manning_raghavan_schuetze() -> None:
    # Introduction to Information Retrieval, exercise 8.8: system 1 finds R N R N N N N N R R, of four relevant ones.
    ranking = [f"d{at}" for at in range(10)]
    grades = {"d0": 1, "d2": 1, "d8": 1, "d9": 1}
    assert score("AP", grades, ranking)[0] == pytest.approx((1 + 2 / 3 + 3 / 9 + 4 / 10) / 4)
    assert score("P@5,R@5,Rprec", grades, ranking) == pytest.approx([0.4, 0.5, 0.5])


def test_reciprocal_rank_stops_at_its_cutoff() -> None:
    grades = {"c": 1}
    assert score("RR@3,RR@2,RR", grades, ["a", "b", "c"]) == pytest.approx([1 / 3, 0.0, 1 / 3])


def test_judged_counts_what_has_a_grade_even_zero() -> None:
    assert score("Judged@4", {"a": 1, "b": 0}, ["a", "b", "x", "y"]) == [0.5]


def second(metric: str, cutoff: int, grades: dict[str, int], ranking: list[str]) -> float:
    """The same metrics from their definitions (nDCG with linear gains, as trec_eval has it)."""
    top = [grades.get(document, 0) for document in ranking[:cutoff]]
    relevant = sum(grade > 0 for grade in grades.values())
    if metric == "nDCG":
        best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:cutoff]
        ideal = sum(grade / math.log2(place + 2) for place, grade in enumerate(best))
        return sum(max(0, grade) / math.log2(place + 2) for place, grade in enumerate(top)) / ideal if ideal else 0.0
    if metric == "RR":
        return next((1 / (place + 1) for place, grade in enumerate(top) if grade > 0), 0.0)
    if metric == "R":
        return sum(grade > 0 for grade in top) / relevant if relevant else 0.0
    if metric == "AP":
        hits = [place for place, grade in enumerate(top) if grade > 0]
        return sum((at + 1) / (place + 1) for at, place in enumerate(hits)) / relevant if relevant else 0.0
    return sum(document in grades for document in ranking[:cutoff]) / min(cutoff, max(1, len(ranking[:cutoff])))


@pytest.mark.parametrize("metric", ["nDCG", "RR", "R", "AP", "Judged"])
@pytest.mark.parametrize("cutoff", [1, 3, 10, 100])
def test_a_second_implementation_agrees_on_random_rankings(metric: str, cutoff: int) -> None:
    draw = random.Random(cutoff)
    documents = [f"d{at}" for at in range(40)]
    qrels = {
        f"q{at}": {document: draw.randrange(4) for document in draw.sample(documents, draw.randrange(1, 20))}
        for at in range(60)
    }
    rankings = {query: draw.sample(documents, draw.randrange(1, 40)) for query in qrels}
    found = Evaluator(parse_metrics(f"{metric}@{cutoff}"), qrels, list(qrels)).scores(rankings)[:, 0]
    wanted = [second(metric, cutoff, qrels[query], rankings[query]) for query in qrels]
    assert found == pytest.approx(np.array(wanted), abs=1e-9)


def test_the_order_of_a_ranking_counts_not_its_ids() -> None:
    # trec_eval orders equal scores by id; rankings are handed over without ties.
    ranking = [f"d{at:03}" for at in range(300)]
    assert score("RR", {"d000": 1}, ranking) == [1.0]
    assert score("RR", {"d000": 1}, ranking[::-1]) == pytest.approx([1 / 300])


def test_queries_without_hits_score_zero_and_others_are_left_out() -> None:
    evaluator = Evaluator(parse_metrics("nDCG@10,RR"), {"a": {"x": 1}, "b": {"x": 1}}, ["a", "b"])
    assert evaluator.scores({"b": ["x"], "unknown": ["x"]}).tolist() == [[0, 0], [1, 1]]
    assert evaluator.scores({}).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("ndcg@10", "nDCG@10"),
        ("MRR@5", "RR@5"),
        ("map", "AP"),
        ("recall@100", "R@100"),
        ("precision@5", "P@5"),
        ("hits@3", "Success@3"),
        ("P(rel=2)@5", "P(rel=2)@5"),
        ("nDCG(dcg='exp-log2')@10", "nDCG(dcg='exp-log2')@10"),
    ],
)
def test_metrics_are_known_by_the_names_people_use(given: str, name: str) -> None:
    assert [metric.name for metric in parse_metrics(given)] == [name]


def test_metrics_are_listed_once_and_in_order() -> None:
    found = parse_metrics("RR@10, MRR@10 ,P(rel=2,judged_only=True)@5")
    assert [metric.cutoff for metric in found] == [10, 5]


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ("nDGC@10", UnknownNameError, "did you mean 'nDCG'"),
        ("R", InputError, "R@10"),
        ("P@0", InputError, "looks at no hits"),
        ("nDCG@ten", InputError, "is no metric"),
        ("__import__('os')", InputError, "is no metric"),
        ("nDCG(colour=3)@10", InputError, "metric"),
        (" , ", InputError, "no metrics are given"),
        ("StRecall@10", InputError, "needs another package"),
    ],
)
def test_wrong_metrics_are_told(given: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught:
        parse_metrics(given)
    assert told in str(caught.value)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(MissingExtraError, match=r"headpond\[evaluate\]"):
        parse_metrics("RR")
