"""Functions as stages of a hooked client: what they may give back, and what happens when they fail."""

import json
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

import headpond
from headpond.errors import InputError, PipelineError
from tests.hooked.conftest import QUERY, RERANK, ids


def backwards(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return hits[::-1]


def test_stages_can_be_functions(es: Elasticsearch) -> None:
    def note(hits: list[dict[str, Any]], query: str) -> None:
        for hit in hits:
            hit["_note"] = query

    hits = headpond.hook(es, RERANK, stages=[backwards, note]).search(index="docs", query=QUERY)["hits"]["hits"]
    assert [(hit["_id"], hit["_note"]) for hit in hits] == [("1", "water mill"), ("2", "water mill")]


def test_a_function_that_fails_leaves_the_hits_as_they_were(es: Elasticsearch) -> None:
    def broken(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        hits[0]["_id"] = "changed"
        raise KeyError("price")

    answer = headpond.hook(es, stages=[broken, lambda hits: ["no hit"]]).search(index="docs", query=QUERY)
    assert ids(answer) == ["1", "2"]
    first, second = answer["degraded"]
    assert first["stage"] == "stages[0].broken"
    assert "KeyError: 'price'" in first["reason"]
    assert "list of hits" in second["reason"]


def scored(score: Any) -> Any:
    return lambda hits: [{**hit, "_score": score} for hit in hits]


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        (lambda hits: 7, "it gave back int (7) and not a list of hits"),
        (lambda hits: "hits", "it gave back str ('hits') and not a list of hits"),
        (lambda hits: {"hits": hits}, "and not a list of hits"),
        (lambda hits: [hits[0], None], "it gave back a list of hits with None in it, at 1"),
        (lambda hits: [*hits, hits[0]], "it gave back the hit [docs/1] twice"),
        (lambda hits: [dict(hits[0]), dict(hits[0])], "it gave back the hit [docs/1] twice"),
        (lambda hits: [*hits, {"_index": "docs", "_id": "9"}], "it gave back the hit [docs/9] that it was not given"),
        (lambda hits: [{"_source": {}}], "it gave back the hit [None/None] that it was not given"),
        (scored(float("nan")), "it gave the hit [docs/1] the score nan, which is no finite number"),
        (scored(np.float32("inf")), "it gave the hit [docs/1] the score inf, which is no finite number"),
        (scored("high"), "it gave the hit [docs/1] the score 'high', which is no finite number"),
        (scored(True), "the score True, which is no finite number"),
        (
            lambda hits: [{**hit, "_source": None} for hit in hits],
            "the hit [docs/1] the _source None, which is no object",
        ),
        (
            lambda hits: [{**hit, "_headpond": 5} for hit in hits],
            "the hit [docs/1] the _headpond 5, which is no object",
        ),
        (lambda hits: [{**hit, "seen": {1}} for hit in hits], "hits that are no JSON: Object of type set is not"),
        (lambda hits: [{**hit, (1, 2): 3} for hit in hits], "hits that are no JSON: keys must be"),
    ],
)
def test_what_a_function_gives_back_is_checked(es: Elasticsearch, stage: Any, reason: str) -> None:
    def spoiling(hits: list[dict[str, Any]]) -> Any:
        given = stage(hits)
        for hit in hits:
            hit["_source"]["body"] = "changed"
        return given

    answer = headpond.hook(es, stages=[spoiling, backwards]).search(index="docs", query=QUERY)
    (degraded,) = answer["degraded"]
    assert (degraded["stage"], reason in degraded["reason"]) == ("stages[0].spoiling", True), degraded
    before = es.search(index="docs", query=QUERY)["hits"]
    assert answer["hits"]["hits"] == before["hits"][::-1]
    assert answer["hits"]["max_score"] == before["max_score"]
    assert json.loads(json.dumps(answer.body, allow_nan=False)) == answer.body


@pytest.mark.parametrize("score", [np.float32(0.1), np.float64(0.1), 0.1])
def test_a_function_may_score_with_numbers_of_numpy_and_leave_hits_out(es: Elasticsearch, score: Any) -> None:
    answer = headpond.hook(es, stages=[lambda hits: (hit for hit in scored(score)(hits)[1:])]).search(
        index="docs", query=QUERY
    )
    assert "degraded" not in answer
    assert [(hit["_id"], hit["_score"]) for hit in answer["hits"]["hits"]] == [("2", 0.1)]
    assert answer["hits"]["max_score"] == 0.1
    assert json.dumps(answer.body)


def test_a_function_may_hand_on_texts_and_numbers_of_any_kind(es: Elasticsearch) -> None:
    def odd(hits: list[dict[str, Any]]) -> None:
        for hit in hits:
            hit["_source"] |= {"lone": "M\ud800hle", "large": 2**70}

    answer = headpond.hook(es, stages=[odd]).search(index="docs", query=QUERY)
    assert "degraded" not in answer
    assert answer["hits"]["hits"][0]["_source"]["large"] == 2**70


def test_wrong_stages_are_refused(es: Elasticsearch) -> None:
    async def later(hits: list[Any]) -> list[Any]:
        return hits

    def nothing() -> list[Any]:
        return []

    with pytest.raises(InputError, match="async function"):
        headpond.hook(es, stages=[later])
    with pytest.raises(InputError, match="cannot be called with the hits"):
        headpond.hook(es, stages=[nothing])
    with pytest.raises(InputError, match="is no stage"):
        headpond.hook(es, stages=["rerank"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="nothing to hook"):
        headpond.hook(es)
    with pytest.raises(PipelineError, match="did you mean 'rerank'"):
        headpond.hook(es, stages=[{"rerankk": {}}])
