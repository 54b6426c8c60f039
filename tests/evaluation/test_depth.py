"""Rerank windows: the numbers of real searches, for the price of the deepest one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

import headpond
from headpond.errors import InputError
from headpond.evaluation.depth import _enough
from headpond.evaluation.metered import Meter
from headpond.pipeline import Pipeline
from tests.evaluation.conftest import QUERIES, Collection, changes
from tests.pipeline.pipelines import pipeline

DEPTHS = (5, 10, 20)


def rerank(**options: Any) -> list[dict[str, Any]]:
    return [{"rerank": {"inference_id": "order", "field": "body", "deadline": "60s", **options}}]


def test_every_depth_is_what_a_search_with_that_window_gives(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection
) -> None:
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, metrics="nDCG@10", depths=DEPTHS).depth
    assert found is not None
    for depth in DEPTHS:
        alone = pipeline(es, **{**changes(), "response_processors": rerank(window=depth)})
        value = headpond.evaluate(alone, collection.queries, collection.qrels, metrics="nDCG@10").values[0]
        assert found.point(depth).value.mean == pytest.approx(value.mean)
        assert found.point(depth).gain.mean == pytest.approx(value.mean - found.baseline.mean)
    none = pipeline(es, **{**changes(), "response_processors": []})
    without = headpond.evaluate(none, collection.queries, collection.qrels, metrics="nDCG@10").values[0]
    assert found.baseline.mean == pytest.approx(without.mean)
    assert found.own == 50
    assert found.degraded == 0


def test_texts_are_scored_once(es: Elasticsearch, hybrid: Pipeline, collection: Collection) -> None:
    outer = Meter(es)
    watched = Pipeline(hybrid.spec, outer.client)
    headpond.evaluate(watched, collection.queries, collection.qrels, metrics="nDCG@10")
    plain = outer.spent()["order"].requests
    found = headpond.evaluate(watched, collection.queries, collection.qrels, metrics="nDCG@10", depths=DEPTHS).depth
    assert outer.spent()["order"].requests - 2 * plain == QUERIES  # one request for the deepest window
    assert outer.spent()["dense"].requests - 2 * plain == QUERIES
    assert found is not None
    assert [point.texts for point in found.points] == [5, 10, 20]
    costs = [point.cost for point in found.points]
    assert costs[0] is not None
    assert costs == pytest.approx([costs[0], 2 * costs[0], 4 * costs[0]])
    assert found.points[0].seconds == pytest.approx(found.points[2].seconds / 4)


def test_a_model_that_ranks_texts_by_each_other_is_asked_for_each_window(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection
) -> None:
    outer = Meter(es)
    spec = pipeline(es, **{**changes(), "cache": {"rerank_scores": 0}}).spec
    found = headpond.evaluate(
        Pipeline(spec, outer.client), collection.queries, collection.qrels, metrics="nDCG@10", depths=DEPTHS
    ).depth
    assert found is not None
    assert [point.texts for point in found.points] == [5, 10, 20]
    assert outer.spent()["order"].requests == QUERIES + 1 + 3 * QUERIES


def test_passages_that_a_smaller_window_chooses_are_scored_too(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection
) -> None:
    cut = {"size": 1, "chunking_settings": {"strategy": "word", "max_chunk_size": 10, "overlap": 1}}

    def system(window: int) -> Pipeline:
        return pipeline(es, **{**changes(), "response_processors": rerank(window=window, chunk_rescorer=cut)})

    found = headpond.evaluate(system(40), collection.queries, collection.qrels, metrics="nDCG@10", depths=DEPTHS).depth
    assert found is not None
    for depth in DEPTHS:
        alone = headpond.evaluate(system(depth), collection.queries, collection.qrels, metrics="nDCG@10").values[0]
        assert found.point(depth).value.mean == pytest.approx(alone.mean)


def test_the_pipelines_own_deadline_does_not_spoil_a_sweep(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection
) -> None:
    hurried = pipeline(es, **{**changes(), "response_processors": rerank(window=10, deadline="1nanos")})
    found = headpond.evaluate(hurried, collection.queries, collection.qrels, metrics="nDCG@10", depths=[10])
    assert len(found.run.degraded) == QUERIES
    assert found.depth is not None
    assert found.depth.degraded == 0


def test_another_models_ranking_does_not_stand_for_the_one_that_is_swept(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection
) -> None:
    stages = rerank(inference_id="gone", fallback={"inference_id": "order"})
    system = pipeline(es, **{**changes(), "response_processors": stages})
    found = headpond.evaluate(system, collection.queries, collection.qrels, metrics="nDCG@10", depths=DEPTHS).depth
    assert found is not None
    assert [point.gain.mean for point in found.points] == [0, 0, 0]
    assert found.degraded == len(DEPTHS) * QUERIES


def test_the_smallest_depth_with_nine_tenths_of_the_gain(hybrid: Pipeline, collection: Collection) -> None:
    found = headpond.evaluate(hybrid, collection.queries, collection.qrels, metrics="nDCG@10", depths=DEPTHS).depth
    assert found is not None

    def gains(*means: float) -> tuple[int | None, int | None]:
        points = [
            replace(point, gain=replace(point.gain, mean=mean)) for point, mean in zip(found.points, means, strict=True)
        ]
        return _enough(points)

    assert gains(0.05, 0.095, 0.1) == (20, 10)
    assert gains(0.05, 0.08, 0.1) == (20, 20)
    assert gains(0.1, 0.1, 0.1) == (5, 5)
    assert gains(-0.1, -0.2, 0.0) == (None, None)


@pytest.mark.parametrize(
    ("processors", "depths", "told"),
    [
        ([], [10], "has no"),
        (rerank() + rerank(), [10], "has 2"),
        (rerank(), [10, 50], "a depth of 50 needs as many hits, and the pipeline ranks 40"),
    ],
)
def test_what_cannot_be_swept_is_told(
    es: Elasticsearch, hybrid: Pipeline, collection: Collection, processors: list[Any], depths: list[int], told: str
) -> None:
    system = pipeline(es, **{**changes(), "response_processors": processors})
    with pytest.raises(InputError, match=told):
        headpond.evaluate(system, collection.queries, collection.qrels, metrics="nDCG@10", depths=depths)
