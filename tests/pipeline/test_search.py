from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.errors import InputError, PipelineError, TargetError
from headpond.pipeline import Pipeline
from headpond.pipeline.query.widen import widened
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import RECORDS, SETTINGS, fake, ids, standard


@pytest.fixture
def filled(build: Build) -> Build:
    build().ingest(RECORDS, settings=SETTINGS)
    return build


def legs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = standard()["search"]["retriever"]["rrf"]["retrievers"]
    return found


def unranked(filled: Build, retriever: dict[str, Any]) -> Pipeline:
    return filled(search={"retriever": retriever}, response_processors=[])


def test_the_answer_is_a_search_answer(filled: Build) -> None:
    answer = filled().search("wheel of a mill")
    assert ids(answer)[0] == "mill"
    assert answer.keys() == {"took", "timed_out", "_shards", "hits"}
    hit = answer["hits"]["hits"][0]
    assert hit["_source"]["title"] == "Mills"
    assert hit["_score"] == answer["hits"]["max_score"]
    assert hit["_headpond"]["rank_before"] == 1
    assert hit["_headpond"]["passage"]["text"] == "A river turns the wheel of a mill"


def test_size_and_from_cut_a_page_out_of_one_order(filled: Build) -> None:
    everything = ids(filled().search("river", size=10))
    assert ids(filled().search("river", size=1)) == everything[:1]
    assert ids(filled().search("river", size=1, from_=1)) == everything[1:2]


def test_a_page_of_a_plain_search_without_processors_is_cut_once(filled: Build) -> None:
    plain = filled(search={"query": {"match": {"body": "{{query}}"}}}, response_processors=[])
    everything = ids(plain.search("a river", size=3))
    assert ids(plain.search("a river", size=1, from_=1)) == everything[1:2]
    assert ids(plain.search("a river", size=2, from_=1)) == everything[1:3]


@pytest.mark.parametrize("deadline", ["0s", "-1", "soon"])
def test_a_deadline_that_is_no_time_is_refused(filled: Build, deadline: str) -> None:
    with pytest.raises(InputError, match="deadline"):
        filled().search("river", deadline=deadline)


def test_a_filter_holds_in_every_leg(filled: Build) -> None:
    assert ids(filled().search("river", filter={"match": {"kind": "wall"}})) == ["dam"]


@pytest.mark.parametrize("weights", [None, [1, 2, 3]])
def test_rrf_adds_the_reciprocal_ranks_of_its_legs(filled: Build, weights: list[int] | None) -> None:
    expected: dict[str, np.float32] = {}
    for leg, weight in zip(legs(), weights or [1, 1, 1], strict=True):
        for rank, id in enumerate(ids(unranked(filled, leg).search("river wheel")), 1):
            expected[id] = expected.get(id, np.float32(0)) + np.float32(weight) / np.float32(60 + rank)
    parts = [{"retriever": leg, "weight": weight} for leg, weight in zip(legs(), weights or [], strict=False)] or legs()
    answer = unranked(filled, {"rrf": {"retrievers": parts}}).search("river wheel")
    assert {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]} == pytest.approx(expected, abs=1e-6)
    assert answer["hits"]["total"] == {"value": len(expected), "relation": "eq"}


def test_linear_adds_weighted_normalised_scores(filled: Build) -> None:
    expected: dict[str, float] = {}
    for leg, weight in zip(legs(), [1, 2, 0.5], strict=True):
        hits = unranked(filled, leg).search("river wheel")["hits"]["hits"]
        scores = [hit["_score"] for hit in hits]
        for hit in hits:
            share = (hit["_score"] - min(scores)) / (max(scores) - min(scores)) if max(scores) > min(scores) else 1
            expected[hit["_id"]] = expected.get(hit["_id"], 0) + weight * share
    parts = [{"retriever": leg, "weight": weight} for leg, weight in zip(legs(), [1, 2, 0.5], strict=True)]
    answer = unranked(filled, {"linear": {"retrievers": parts, "normalizer": "minmax"}}).search("river wheel")
    assert {hit["_id"]: hit["_score"] for hit in answer["hits"]["hits"]} == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "retriever",
    [
        {"rrf": {"retrievers": legs()}},
        {"rrf": {"retrievers": legs(), "rank_constant": 1, "filter": {"match": {"body": "river"}}}},
        {"linear": {"retrievers": [{"retriever": leg, "weight": 2} for leg in legs()], "normalizer": "minmax"}},
        {"linear": {"retrievers": [{"retriever": leg, "normalizer": "l2_norm"} for leg in legs()]}},
        {"linear": {"retrievers": [{"retriever": {"rrf": {"retrievers": legs()[:2]}}}, {"retriever": legs()[2]}]}},
    ],
)
def test_the_target_itself_ranks_the_same(es: Elasticsearch, filled: Build, retriever: dict[str, Any]) -> None:
    ours = unranked(filled, retriever).search("wheel of a mill")
    asked = orjson.loads(orjson.dumps(retriever).replace(b"{{query}}", b"wheel of a mill"))
    theirs = es.search(index="things", body={"retriever": asked})
    assert ids(ours) == ids(theirs.body)
    assert [hit["_score"] for hit in ours["hits"]["hits"]] == pytest.approx(
        [hit["_score"] for hit in theirs["hits"]["hits"]], rel=1e-6
    )
    assert ours["hits"]["total"] == theirs["hits"]["total"]


def test_a_rerank_retriever_is_computed_too(filled: Build) -> None:
    retriever = {"text_similarity_reranker": {
        "retriever": {"rrf": {"retrievers": legs(), "rank_window_size": 20}}, "field": "body", "inference_id": "order",
        "inference_text": "water of a {{query}}", "rank_window_size": 20}}  # fmt: skip
    answer = unranked(filled, retriever).search("river")
    assert ids(answer)[0] == "dam"
    scores = [hit["_score"] for hit in answer["hits"]["hits"]]
    assert scores == sorted(scores, reverse=True)


def test_hits_below_the_least_score_are_left_out(filled: Build) -> None:
    hits = unranked(filled, {"rrf": {"retrievers": legs()}}).search("wheel of a mill")["hits"]["hits"]
    least = hits[1]["_score"]
    answer = unranked(filled, {"rrf": {"retrievers": legs(), "min_score": least}}).search("wheel of a mill")
    assert ids(answer) == [hit["_id"] for hit in hits[:2]]


def test_a_plain_query_is_reranked_too(filled: Build) -> None:
    answer = filled(search={"query": {"match": {"body": "{{query}}"}}}).search("water of a river")
    assert ids(answer) == ["dam", "mill", "cat"]
    assert answer["hits"]["total"]["value"] == 3


def test_the_source_can_be_filtered(filled: Build) -> None:
    search = {**standard()["search"], "_source": ["title", "body"]}
    hit = filled(search=search).search("mill")["hits"]["hits"][0]
    assert hit["_source"].keys() == {"title", "body"}


def test_placeholders_take_their_value_with_its_type(filled: Build) -> None:
    search = {"retriever": {"rrf": {"rank_window_size": "{{size}}", "retrievers": legs()}}}
    assert len(ids(filled(search=search).search("river", size=2))) == 2


def test_a_compound_retriever_cannot_give_more_than_its_window(filled: Build) -> None:
    with pytest.raises(PipelineError, match=r"\[rank_window_size: 20\] be greater than or equal to \[size: 21\]"):
        filled().search("river", size=21)


def test_what_cannot_stand_beside_a_compound_retriever_is_refused(filled: Build) -> None:
    with pytest.raises(PipelineError, match=r"\[profile\] cannot stand beside"):
        filled(search={**standard()["search"], "profile": True}).search("river")
    with pytest.raises(PipelineError, match=r"cannot specify \[retriever\] and \[query, sort\]"):
        filled(search={**standard()["search"], "query": {"match_all": {}}, "sort": ["kind"]}).search("river")


def test_a_query_the_target_refuses_is_said_with_the_reason(filled: Build) -> None:
    with pytest.raises(PipelineError, match=r"unknown query \[mtch\]"):
        filled(search={"query": {"mtch": {"body": "{{query}}"}}}).search("river")
    knn = {"field": "title", "query_vector": [1, 0], "k": 5, "num_candidates": 5}
    with pytest.raises(PipelineError, match=r"search\.retriever\.rrf\.retrievers\[1\]\.knn: .*dense_vector"):
        unranked(filled, {"rrf": {"retrievers": [legs()[0], {"knn": knn}]}}).search("river")


@pytest.mark.parametrize("retriever", [legs()[0], {"rrf": {"retrievers": legs()[:1]}}])
def test_an_index_that_is_not_there_is_said(build: Build, retriever: dict[str, Any]) -> None:
    with pytest.raises(TargetError, match=r"there is no index \[things\]"):
        unranked(build, retriever).search("river")


@pytest.mark.parametrize("search", [{"query": {"match_all": {}}}, {"retriever": {"rrf": {"retrievers": legs()[:1]}}}])
def test_a_point_in_time_that_is_closed_is_no_missing_index(
    es: Elasticsearch, filled: Build, search: dict[str, Any]
) -> None:
    pit = es.open_point_in_time(index="things", keep_alive="1m")["id"]
    es.close_point_in_time(id=pit)
    with pytest.raises(PipelineError, match="No search context found"):
        filled(search={**search, "pit": {"id": pit}}, response_processors=[]).search("river")


def test_an_unknown_endpoint_in_the_search_is_said(filled: Build) -> None:
    knn = {"field": "dense", "k": 5, "num_candidates": 5,
           "query_vector_builder": {"text_embedding": {"model_id": "gone", "model_text": "x"}}}  # fmt: skip
    with pytest.raises(TargetError, match=r"endpoint \[gone\] did not embed the query: .*not found \[gone\]"):
        unranked(filled, {"rrf": {"retrievers": [{"knn": knn}, legs()[0]]}}).search("river")


def another_model(es: Elasticsearch) -> None:
    """The endpoint gets another model of the same dimensions."""
    es.inference.delete(inference_id="dense")
    config = {"service": "fake", "service_settings": {"dimensions": 16, "seed": 7}}
    es.inference.put(inference_id="dense", task_type="text_embedding", inference_config=config)


def test_a_leg_over_vectors_of_another_model_is_left_out(es: Elasticsearch, filled: Build) -> None:
    pipeline = unranked(filled, {"rrf": {"retrievers": legs()}})
    assert "degraded" not in pipeline.search("wheel of a mill")
    another_model(es)
    answer = unranked(filled, {"rrf": {"retrievers": legs()}}).search("wheel of a mill")
    without = unranked(filled, {"rrf": {"retrievers": [legs()[0], legs()[2]]}}).search("wheel of a mill")
    assert ids(answer) == ids(without)
    (degraded,) = answer["degraded"]
    assert degraded["stage"] == "search.retriever.rrf.retrievers[1].knn"
    assert degraded["reason"] == (
        "field [dense] of index [things] holds vectors of another model than endpoint [dense] has now;"
        " they cannot be compared"
    )


def test_a_search_over_nothing_but_vectors_of_another_model_is_refused(es: Elasticsearch, filled: Build) -> None:
    another_model(es)
    with pytest.raises(
        PipelineError, match=r"holds vectors of another model than endpoint .*\n  ingest into a new index"
    ):
        unranked(filled, legs()[1]).search("mill")
    with pytest.raises(TargetError, match=r"no leg of the search could be run: field .* of another model") as caught:
        unranked(filled, {"rrf": {"retrievers": [legs()[1]]}}).search("mill")
    assert not caught.value.transient


def test_what_is_known_of_the_models_is_looked_up_again_before_a_leg_is_left_out(
    es: Elasticsearch, filled: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = unranked(filled, legs()[1])
    another_model(es)
    with pytest.raises(PipelineError, match="of another model"):
        pipeline.search("mill")
    es.indices.delete(index="things")
    endpoints = {**standard()["endpoints"], "dense": fake("text_embedding", dimensions=16, seed=7)}
    filled(endpoints=endpoints).ingest(RECORDS, settings=SETTINGS)
    assert ids(pipeline.search("wheel of a mill"))[0] == "mill"


def test_vectors_that_somebody_else_made_are_searched(es: Elasticsearch, build: Build) -> None:
    es.indices.create(index="things", mappings={"properties": {"dense": {"type": "dense_vector", "dims": 16}}})
    build().apply("others")
    made = es.inference.text_embedding(inference_id="dense", input="a mill")["text_embedding"][0]["embedding"]
    es.index(index="things", id="mill", document={"dense": made}, refresh=True)
    assert ids(unranked(build, legs()[1]).search("mill")) == ["mill"]


def test_an_unknown_placeholder_is_answered_with_the_nearest(filled: Build) -> None:
    with pytest.raises(PipelineError, match=r"unknown placeholder \{\{qery\}\}, did you mean \{\{query\}\}"):
        filled(search={"query": {"match": {"body": "{{qery}}"}}}).search("river")


@pytest.mark.parametrize(("text", "options"), [("  ", {}), ("x", {"size": 0}), ("x", {"from_": -1})])
def test_a_search_for_nothing_is_refused(filled: Build, text: str, options: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"nothing to search for|size is 1 to 10000"):
        filled().search(text, **options)  # type: ignore[arg-type]


def test_a_pipeline_without_a_search_says_so(build: Build) -> None:
    with pytest.raises(PipelineError, match="has no `search`"):
        build(search=None).search("river")


def test_a_query_with_marks_of_a_template_stays_what_it_is(filled: Build) -> None:
    answer = filled().search('the "{{size}}" of a mill\\')
    assert ids(answer)[0] == "mill"


def test_a_search_is_widened_only_as_far_as_the_target_allows(filled: Build) -> None:
    processors = filled().spec.response_processors
    assert widened(processors, {"query": {}, "size": 1})["size"] == 50
    assert widened(processors, {"from": 60, "size": 5})["size"] == 65
    assert widened(processors, {"size": 0, "aggs": {}}) == {"size": 0, "aggs": {}}
    fused = {"retriever": {"rrf": {"rank_window_size": 30, "retrievers": legs()}}}
    assert widened(processors, fused)["size"] == 30
    assert widened((), {"size": 3}) == {"size": 3}
