"""The end of a search: what a stage breaks, and what it leaves of the target's answer."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from headpond.pipeline.query.finish import finish
from headpond.stages.deadline import Deadline
from headpond.stages.response._rerank_spec import RerankSpec
from headpond.stages.response.base import ResponseProcessor, ResponseProcessorSpec, Results
from headpond.stages.response.rerank import Rerank
from tests.stages.hits import Endpoints, found

RERANK = Rerank(RerankSpec(inference_id="r", field=["body"]), "response_processors[0].rerank")


class Broken(ResponseProcessor[ResponseProcessorSpec]):
    """Breaks when half of its work is done."""

    Spec = ResponseProcessorSpec

    def process(self, results: Results) -> None:
        results.hits.pop()
        results.hits[0]["_score"] = None
        raise KeyError("price")


def answered(*stages: ResponseProcessor[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A target's answer, and what stages make of it."""
    hits = found({"body": "a"}, {"body": "aaa"})
    answer = {"took": 1, "hits": {"total": {"value": 2, "relation": "eq"}, "max_score": 2.0, "hits": hits}}
    inference = Endpoints(score=lambda text: float(len(text)))
    return answer, finish(stages, inference, answer, "q", {}, Deadline())


def test_a_stage_that_breaks_half_way_leaves_the_hits_as_they_were() -> None:
    broken = Broken(ResponseProcessorSpec(description=None, tag=None), "broken")
    alone, both = answered(RERANK)[1], answered(RERANK, broken)[1]
    assert both["hits"] == alone["hits"]
    assert [(item["stage"], item["reason"]) for item in both["degraded"]] == [("broken", "KeyError: 'price'")]


def test_the_targets_answer_stays_as_it_is() -> None:
    before = deepcopy(answered()[0])
    answer, ranked = answered(RERANK)
    assert [hit["_id"] for hit in ranked["hits"]["hits"]] == ["1", "0"]
    assert answer == before
