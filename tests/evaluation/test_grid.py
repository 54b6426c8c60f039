"""Fusions computed offline are those that a pipeline with the same settings gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml
from elasticsearch import Elasticsearch
from hypothesis import given
from hypothesis import strategies as st

import headpond
from headpond.errors import InputError
from headpond.evaluation.fusions import Family, families, weight_grid
from headpond.evaluation.grid import Grid, _held_out
from headpond.pipeline import Pipeline
from tests.evaluation.conftest import QUERIES, Collection, changes
from tests.pipeline.pipelines import pipeline

Leg = list[tuple[str, float]]


def leg() -> st.SearchStrategy[Leg]:
    scores = st.lists(st.floats(0, 10, width=32), max_size=8)
    return st.tuples(st.permutations([f"d{at}" for at in range(8)]), scores).map(
        lambda drawn: list(zip(drawn[0], sorted(drawn[1], reverse=True), strict=False))
    )


@given(st.lists(leg(), min_size=2, max_size=3), st.sampled_from(families()))
def test_many_weights_at_once_give_what_the_fusion_gives(legs: list[Leg], family: Family) -> None:
    weights = weight_grid(len(legs))
    for row, documents in zip(weights, family.rankings(legs, weights, 5), strict=True):
        assert documents == family.fused(legs, row.tolist()).ids[:5]


@pytest.mark.parametrize(("legs", "rows"), [(2, 11), (3, 66), (4, 56), (5, 70)])
def test_weights_add_up_to_one(legs: int, rows: int) -> None:
    weights = weight_grid(legs)
    assert weights.shape == (rows, legs)
    assert weights.sum(axis=1) == pytest.approx(np.ones(rows))
    assert len({tuple(row) for row in weights.tolist()}) == rows


def test_one_leg_has_no_weights() -> None:
    with pytest.raises(ValueError, match="two legs"):
        weight_grid(1)


def searched(system: Pipeline, collection: Collection) -> Grid:
    found = headpond.evaluate(system, collection.queries, collection.qrels, metrics="nDCG@10", grid=True).grid
    assert found is not None
    return found


def test_the_best_fusion_scores_the_same_in_a_pipeline(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection
) -> None:
    found = searched(hybrid, collection)
    assert found.best.value == max(one.value for one in found.variants)
    body = yaml.safe_load(found.retriever)
    pasted = pipeline(es, **{**changes(), "search": body, "response_processors": []})
    value = headpond.evaluate(pasted, collection.queries, collection.qrels, metrics="nDCG@10").values[0]
    assert value.mean == pytest.approx(found.best.value)


def test_the_pipelines_own_fusion_and_its_legs_are_scored(
    es: Elasticsearch, hybrid: Pipeline, words: Pipeline, collection: Collection
) -> None:
    found = searched(hybrid, collection)
    fused = pipeline(es, **{**changes(), "response_processors": []})
    value = headpond.evaluate(fused, collection.queries, collection.qrels, metrics="nDCG@10").values[0]
    assert found.current.mean == pytest.approx(value.mean)
    alone = headpond.evaluate(words, collection.queries, collection.qrels, metrics="nDCG@10").values[0]
    assert found.legs == ["standard match", "knn", "standard sparse_vector"]
    assert found.legs_alone[0].mean == pytest.approx(alone.mean)
    assert found.difference.mean == pytest.approx(found.held_out.mean - found.current.mean)


def test_a_linear_fusion_with_its_own_normalizers_is_scored(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection
) -> None:
    legs = changes()["search"]["retriever"]["rrf"]["retrievers"]
    linear: dict[str, Any] = {
        "rank_window_size": 30,
        "normalizer": "minmax",
        "retrievers": [
            {"retriever": legs[0], "weight": 0.2},
            {"retriever": legs[2], "weight": 1.5, "normalizer": "l2_norm"},
        ],
    }
    search = {"retriever": {"linear": linear}}
    fused = pipeline(es, **{**changes(), "search": search, "response_processors": []})
    found = searched(pipeline(es, **{**changes(), "search": search}), collection)
    value = headpond.evaluate(fused, collection.queries, collection.qrels, metrics="nDCG@10").values[0]
    assert found.current.mean == pytest.approx(value.mean)
    names = {one.family.name for one in found.variants}
    assert {"rrf 1", "rrf 60", "linear none", "linear minmax", "linear l2_norm"} <= names


def test_each_leg_is_searched_once_for_a_query(es: Elasticsearch, hybrid: Pipeline, collection: Collection) -> None:
    from headpond.evaluation.metered import Meter

    outer = Meter(es)
    searched(Pipeline(hybrid.spec, outer.client), collection)
    # QUERIES + 1 for the evaluation itself, and one for the leg.
    assert outer.spent()["dense"].requests == 2 * QUERIES + 1
    assert outer.spent()["order"].requests == QUERIES + 1  # fusions are tried without the rerank


def test_a_choice_among_noise_does_not_look_good_on_queries_it_was_not_made_by() -> None:
    # 500 variants that are all the same but for chance, many times: the best of them always looks better than they are,
    # held out it does not.
    drawn = [np.random.default_rng(seed).normal(0.5, 0.1, size=(500, 50)) for seed in range(40)]
    assert np.mean([scores.mean(axis=1).max() for scores in drawn]) > 0.53
    assert np.mean([_held_out(scores, seed=0).mean() for scores in drawn]) == pytest.approx(0.5, abs=0.01)


def test_a_choice_that_is_really_better_is_found_held_out() -> None:
    scores = np.random.default_rng(0).normal(0.5, 0.1, size=(20, 50))
    scores[7] += 0.2
    assert _held_out(scores, seed=0) == pytest.approx(scores[7])


def test_what_cannot_be_searched_is_told(es: Elasticsearch, words: Pipeline, collection: Collection) -> None:
    with pytest.raises(InputError, match="fuses nothing"):
        searched(words, collection)
    hybrid = pipeline(es, **changes())
    with pytest.raises(InputError, match="needs 10 judged queries"):
        headpond.evaluate(hybrid, collection.queries, collection.qrels, grid=True, sample=9)
