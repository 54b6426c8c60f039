from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from headpond.pipeline.query.finish import finish
from headpond.pipeline.query.widen import widened
from headpond.stages.deadline import Deadline
from headpond.stages.response.diversify import Diversify, DiversifySpec
from tests.stages.hits import Endpoints, found, ids, ill, late, reasons, run

NEAR = [{"v": [1, 0, 0]}, {"v": [1, 0.01, 0]}, {"v": [0, 1, 0]}, {"v": [0, 0, 1]}]


def test_a_repetition_comes_after_what_is_new() -> None:
    results = run(Diversify, found(*NEAR), field="v", **{"lambda": 0.5})
    assert ids(results) == ["0", "2", "3", "1"]
    assert [hit["_score"] for hit in results.hits] == [4.0, 2.0, 1.0, 3.0]
    last = results.hits[-1]["_headpond"]
    assert (last["rank_before"], last["score_before"]) == (2, 3.0)
    assert last["diversify"] == {"rank_before": 2, "similarity": pytest.approx(1.0, abs=1e-3)}


@pytest.mark.parametrize(("weight", "order"), [(1, ["0", "1", "2", "3"]), (0, ["0", "2", "3", "1"])])
def test_relevance_and_difference_alone(weight: float, order: list[str]) -> None:
    assert ids(run(Diversify, found(*NEAR), field="v", **{"lambda": weight})) == order


def by_the_formula(vectors: Sequence[Sequence[float]], scores: Sequence[float], weight: float) -> list[str]:
    """The order as the paper's formula gives it, written down without any shortcut."""
    low, high = min(scores), max(scores)
    relevance = [(score - low) / (high - low) for score in scores]
    unit = [np.array(vector) / np.linalg.norm(vector) for vector in vectors]
    chosen: list[int] = []
    while len(chosen) < len(vectors):
        rest = [place for place in range(len(vectors)) if place not in chosen]
        worth = [
            weight * relevance[place]
            - (1 - weight) * max((float(unit[place] @ unit[one]) for one in chosen), default=0)
            for place in rest
        ]
        chosen.append(rest[int(np.argmax(worth))])
    return [str(place) for place in chosen]


@pytest.mark.parametrize("weight", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_the_order_is_that_of_the_formula(weight: float) -> None:
    vectors = np.random.default_rng(7).normal(size=(40, 8)).tolist()
    hits = found(*({"v": vector} for vector in vectors))
    expected = by_the_formula(vectors, [hit["_score"] for hit in hits], weight)
    assert ids(run(Diversify, hits, field="v", **{"lambda": weight})) == expected


def test_only_the_window_is_ordered() -> None:
    assert ids(run(Diversify, found(*NEAR), field="v", window=2, **{"lambda": 0})) == ["0", "1", "2", "3"]
    assert ids(run(Diversify, found(*NEAR), field="v", window=3, **{"lambda": 0})) == ["0", "2", "1", "3"]


def test_hits_without_a_vector_keep_their_places_and_that_is_said() -> None:
    sources = [*NEAR[:2], {"other": 1}, {"v": [1, 2]}, NEAR[2]]
    results = run(Diversify, found(*sources), field="v", **{"lambda": 0})
    assert ids(results) == ["0", "4", "2", "3", "1"]
    assert reasons(results) == ["2 of 5 hits have no vector in [v] and kept their places"]
    assert "diversify" not in results.hits[2]["_headpond"]


def test_words_count_where_there_are_no_vectors() -> None:
    texts = ["the mill grinds corn", "the mill grinds the corn", "a cat sleeps", "a dam holds water"]
    results = run(Diversify, found(*({"body": text} for text in texts)), text_field="body", **{"lambda": 0.4})
    assert ids(results) == ["0", "2", "3", "1"]


def test_texts_can_be_embedded() -> None:
    endpoints = Endpoints(vector=lambda text: [1, 0] if "mill" in text else [0, 1])
    sources = [{"title": "A", "body": "mill"}, {"title": "B", "body": "mill"}, {"title": "C", "body": "cat"}, {}]
    results = run(
        Diversify, found(*sources), endpoints=endpoints, text_field=["title", "body"], inference_id="e", **{"lambda": 0}
    )
    assert ids(results) == ["0", "2", "1", "3"]
    assert endpoints.texts == ["A\nmill", "B\nmill", "C\ncat"]
    assert reasons(results) == ["1 of 4 hits have no text in [title, body] and kept their places"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (late, "no answer of [e] within the deadline; shared words counted"),
        (ill, "[e] failed: the model is ill; shared words counted"),
        (lambda text: [float("inf")], "[e] failed: the answer holds no vectors of numbers; shared words counted"),
    ],
)
def test_words_count_where_the_endpoint_fails(answer: Any, reason: str) -> None:
    sources = [{"body": "a mill"}, {"body": "a mill"}, {"body": "a cat"}]
    endpoints = Endpoints(vector=answer)
    results = run(Diversify, found(*sources), endpoints=endpoints, text_field="body", inference_id="e", **{"lambda": 0})
    assert reasons(results) == [reason]
    assert ids(results) == ["0", "2", "1"]


def test_a_search_sorted_by_something_else_has_ranks_for_scores() -> None:
    hits = [{**hit, "_score": None} for hit in found(*NEAR)]
    assert ids(run(Diversify, hits, field="v", **{"lambda": 0.5})) == ["0", "2", "3", "1"]


@pytest.mark.parametrize("sources", [[], [{}], [{"v": [1, 0]}], [{"v": [0, 0]}, {"v": [0, 0]}]])
def test_few_hits_and_vectors_of_nothing_are_no_problem(sources: list[dict[str, Any]]) -> None:
    assert len(run(Diversify, found(*sources), field="v").hits) == len(sources)


def test_the_vector_is_asked_for_and_taken_out_again() -> None:
    stage = Diversify(DiversifySpec(field="v"), "diversify")
    assert widened([stage], {"query": {}, "fields": ["a"]})["fields"] == ["a", "v"]
    assert widened([stage], {"query": {}, "fields": ["v", {"field": "a"}]})["fields"] == ["v", {"field": "a"}]
    hits = [{"_id": str(place), "_score": 1.0, "fields": {"a": [1], "v": [place, 1]}} for place in range(3)]
    answer = {"hits": {"hits": hits}}
    done = finish([stage], Endpoints(), answer, "q", {"fields": ["a"]}, Deadline())
    assert all(hit["fields"] == {"a": [1]} for hit in done["hits"]["hits"])
    kept = finish([stage], Endpoints(), answer, "q", {"fields": [{"field": "v"}]}, Deadline())
    assert all("v" in hit["fields"] for hit in kept["hits"]["hits"])
    alone = {"hits": {"hits": [{"_id": "0", "_score": 1.0, "fields": {"v": [1, 1]}}]}}
    assert "fields" not in finish([stage], Endpoints(), alone, "q", {}, Deadline())["hits"]["hits"][0]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, "either"),
        ({"field": "v", "text_field": "body"}, "either"),
        ({"field": "v", "inference_id": "e"}, "inference_id"),
        ({"field": "v", "lambda": 1.5}, "lambda"),
        ({"field": "v", "type": "dpp"}, "mmr"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        DiversifySpec.model_validate(options)
