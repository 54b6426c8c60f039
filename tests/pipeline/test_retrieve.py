"""Retrievers that are computed on the client: pinning, rescoring, counting, paging, explaining, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond.connect import connect
from headpond.errors import PipelineError, TargetError
from headpond.pipeline.load import from_dict
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import Answer, Body, IndexSearches
from tests.pipeline.retrievers import INDEX, OTHER, documents, hits, index, run

MILL = {"standard": {"query": {"match": {"body": "mill"}}}}
RIVER = {"standard": {"query": {"match": {"title": "river wheel"}}}}
NEAR = {"knn": {"field": "v", "query_vector": [1, 2, 2], "k": 10, "num_candidates": 50}}


@pytest.fixture(scope="module")
def pond() -> Iterator[Elasticsearch]:
    with connect("memory") as client:
        index(client, INDEX, documents(40))
        index(client, OTHER, documents(15, seed=6))
        yield client


def names(answer: Answer) -> list[str]:
    return [id for _, id, _ in hits(answer)]


def rrf(*legs: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"rrf": {"retrievers": list(legs), "rank_window_size": 20, **options}}


def test_pinned_documents_come_first_in_their_order(pond: Elasticsearch) -> None:
    organic = names(run(pond, {"retriever": rrf(MILL, NEAR), "size": 20}))
    absent = next(id for id in documents(40) if id not in organic)
    pins = [organic[3], absent, "not-there", organic[1]]
    pinned = {"pinned": {"ids": pins, "retriever": rrf(MILL, NEAR), "rank_window_size": 20}}
    answer = run(pond, {"retriever": pinned, "size": 20})
    first = [organic[3], absent, organic[1]]
    assert names(answer) == (first + [id for id in organic if id not in first])[:20]
    # The scores of Elasticsearch's pinned query for four documents, of which the third is not there.
    bits = [np.float32(hit["_score"]).view(np.uint32) for hit in answer["hits"]["hits"]]
    assert bits[:3] == [0x7F000005, 0x7F000004, 0x7F000002]
    assert answer["hits"]["max_score"] == 1.7014128e38


def test_pinned_documents_need_match_no_filter(pond: Elasticsearch) -> None:
    (other,) = [id for id, doc in documents(40).items() if doc["kind"] == "x"][:1]
    pinned = {
        "pinned": {"docs": [{"_id": other, "_index": INDEX}], "retriever": MILL, "filter": {"term": {"kind": "y"}}}
    }
    answer = run(pond, {"retriever": pinned})
    assert names(answer)[0] == other
    assert {documents(40)[id]["kind"] for id in names(answer)[1:]} == {"y"}


def test_a_document_is_pinned_in_its_index_alone(pond: Elasticsearch) -> None:
    both = sorted(documents(40).keys() & documents(15, seed=6).keys())
    assert both, "the two indices share no id"
    for docs, expected in (
        ([{"_id": both[0], "_index": OTHER}], {OTHER}),
        ([{"_id": both[0]}], {INDEX, OTHER}),
    ):
        pinned = {"pinned": {"docs": docs, "retriever": {"standard": {"query": {"match_none": {}}}}}}
        answer = run(pond, {"retriever": pinned}, f"{INDEX}*")
        assert {(place, id) for place, id, _ in hits(answer)} == {(place, both[0]) for place in expected}


def test_a_pinned_retriever_stands_below_others(pond: Elasticsearch) -> None:
    last = names(run(pond, {"retriever": MILL}))[-1]
    pinned = {"pinned": {"ids": [last], "retriever": MILL, "rank_window_size": 20}}
    answer = run(pond, {"retriever": rrf(pinned, rank_constant=1)})
    assert hits(answer)[0][1:] == (last, 0.5)


def test_a_fusion_is_rescored_by_a_further_search(pond: Elasticsearch) -> None:
    first = {id: score for _, id, score in hits(run(pond, {"retriever": rrf(MILL, RIVER), "size": 20}))}
    query = {"match": {"title": "dam"}}
    second = {hit["_id"]: hit["_score"] for hit in pond.search(index=INDEX, query=query, size=40)["hits"]["hits"]}
    again = {"window_size": 20, "query": {"rescore_query": query, "query_weight": 10, "rescore_query_weight": 2}}
    answer = run(pond, {"retriever": {"rescorer": {"retriever": rrf(MILL, RIVER), "rescore": again}}, "size": 20})
    expected = {id: 10 * score + 2 * second.get(id, 0) for id, score in first.items()}
    assert {id: score for _, id, score in hits(answer)} == pytest.approx(expected, rel=1e-6)
    scores = [score for _, _, score in hits(answer)]
    assert scores == sorted(scores, reverse=True)


def test_a_rescorer_whose_endpoint_fails_leaves_the_order(pond: Elasticsearch) -> None:
    query = {"sparse_vector": {"field": "s", "inference_id": "down", "query": "mill"}}
    fake = {"service": "fake", "service_settings": {"status": 503, "retry": False}}
    pond.inference.put(inference_id="down", task_type="sparse_embedding", inference_config=fake)
    rescorer = {"rescorer": {"retriever": rrf(MILL), "rescore": {"query": {"rescore_query": query}}}}
    answer = run(pond, {"retriever": rescorer})
    assert hits(answer) == hits(run(pond, {"retriever": rrf(MILL), "size": 10}))
    (degraded,) = answer["degraded"]
    assert degraded["stage"] == "search.retriever.rescorer"
    assert "endpoint [down] did not embed the query" in degraded["reason"]


def test_a_rescorer_that_the_target_refuses_is_an_error(pond: Elasticsearch) -> None:
    rescorer = {"rescorer": {"retriever": rrf(MILL), "rescore": {"query": {"rescore_query": {"mtch": {}}}}}}
    with pytest.raises(ApiError, match=r"unknown query \[mtch\]"):
        run(pond, {"retriever": rescorer})


def test_lexical_fields_are_searched_together(pond: Elasticsearch) -> None:
    fields = {"linear": {"query": "mill river", "fields": ["title^2", "body"], "normalizer": "minmax"}}
    query = {"multi_match": {"query": "mill river", "type": "most_fields", "fields": ["title^2", "body"]}}
    leg = {"retriever": {"standard": {"query": query}}, "normalizer": "minmax"}
    assert hits(run(pond, {"retriever": fields})) == hits(run(pond, {"retriever": {"linear": {"retrievers": [leg]}}}))


@pytest.mark.parametrize("normalizer", ["zscore", "atan"])
def test_normalizers_of_the_client_are_not_left_to_the_target(pond: Elasticsearch, normalizer: str) -> None:
    linear = {"linear": {"retrievers": [{"retriever": MILL}, {"retriever": NEAR}], "normalizer": normalizer}}
    answer = run(pond, {"retriever": {"rrf": {"retrievers": [linear]}}})
    assert len(hits(answer)) == 10
    answer = run(pond, {"retriever": linear}, explain=True)
    for hit in answer["hits"]["hits"]:
        legs = hit["_headpond"]["legs"]
        assert hit["_score"] == pytest.approx(sum(leg["contribution"] for leg in legs), rel=1e-6)


def test_pages_neither_repeat_nor_skip(pond: Elasticsearch) -> None:
    for retriever in (rrf(MILL, NEAR), rrf({"standard": {"query": {"match_all": {}}}}, NEAR)):
        everything = hits(run(pond, {"retriever": retriever, "size": 20}, explain=True))
        for explain in (True, False):
            pages = [
                run(pond, {"retriever": retriever, "from": at, "size": 7}, explain=explain) for at in (0, 7, 14, 21)
            ]
            assert [hit for page in pages for hit in hits(page)] == everything


def test_equal_scores_keep_their_order_whatever_leg_they_come_from(pond: Elasticsearch) -> None:
    kinds = [{"standard": {"query": {"term": {"kind": kind}}}} for kind in "xyz"]
    one = run(pond, {"retriever": rrf(*kinds), "size": 20}, explain=True)
    other = run(pond, {"retriever": rrf(*reversed(kinds)), "size": 20}, explain=True)
    assert len({score for _, _, score in hits(one)}) < len(hits(one)), "there are no equal scores"
    assert hits(one) == hits(other)


def test_pages_of_a_point_in_time_do_not_see_what_comes_later(pond: Elasticsearch) -> None:
    name = "paged"
    index(pond, name, documents(20))
    retriever = rrf(MILL, {"standard": {"query": {"match_all": {}}}})
    pit = {"id": pond.open_point_in_time(index=name, keep_alive="1m")["id"]}
    before = [id for _, id, _ in hits(run(pond, {"retriever": retriever, "size": 10}, name))]
    index_more = {"body": "mill mill", "title": "mill"}
    pond.index(index=name, id="new", document=index_more, refresh=True)
    for explain in (True, False):
        pages = [
            run(pond, {"retriever": retriever, "from": at, "size": 5, "pit": pit}, name, explain=explain)
            for at in (0, 5)
        ]
        assert [id for page in pages for _, id, _ in hits(page)] == before
    assert "new" in names(run(pond, {"retriever": rrf(MILL), "size": 10}, name))
    pond.close_point_in_time(id=pit["id"])


def test_a_total_is_a_lower_bound_until_it_is_asked_for(pond: Elasticsearch) -> None:
    everything = {"standard": {"query": {"match_all": {}}}}
    body: Body = {"retriever": rrf(everything, NEAR, rank_window_size=10)}
    assert run(pond, body, explain=True)["hits"]["total"] == {"value": 40, "relation": "gte"}
    assert run(pond, body | {"track_total_hits": True}, explain=True)["hits"]["total"] == {
        "value": 40,
        "relation": "eq",
    }
    assert "total" not in run(pond, body | {"track_total_hits": False}, explain=True)["hits"]
    both = rrf({"standard": {"query": {"term": {"kind": "x"}}}}, {"standard": {"query": {"term": {"kind": "y"}}}})
    number = sum(doc["kind"] in "xy" for doc in documents(40).values())
    for options in ({}, {"size": 0}, {"track_total_hits": True}):
        answer = run(pond, {"retriever": both, "track_total_hits": True, **options})
        assert answer["hits"]["total"] == {"value": number, "relation": "eq"}
    assert run(pond, {"retriever": both, "size": 0})["hits"]["hits"] == []


def test_every_hit_says_what_its_legs_added(pond: Elasticsearch) -> None:
    inner = {"retriever": rrf(MILL, RIVER), "weight": 100, "normalizer": "none"}
    linear = {"linear": {"retrievers": [inner, {"retriever": NEAR, "weight": 0.5}], "rank_window_size": 20}}
    answer = run(pond, {"retriever": linear, "size": 20}, explain=True)
    place = "search.retriever.linear.retrievers"
    near = {id: (rank, score) for rank, (_, id, score) in enumerate(hits(run(pond, {"retriever": NEAR})), 1)}
    seen = 0
    for hit in answer["hits"]["hits"]:
        legs = {leg["leg"]: leg for leg in hit["_headpond"]["legs"]}
        assert hit["_score"] == pytest.approx(sum(leg["contribution"] for leg in legs.values()), rel=1e-6)
        if hit["_id"] in near:
            rank, score = near[hit["_id"]]
            said = {"leg": f"{place}[1].retriever.knn", "rank": rank, "score": score}
            assert legs[f"{place}[1].retriever.knn"] == said | {"contribution": pytest.approx(score / 2)}
        fused = legs.get(f"{place}[0].retriever.rrf")
        if fused is not None:
            seen += 1
            assert fused["score"] == pytest.approx(sum(leg["contribution"] for leg in fused["legs"]), rel=1e-6)
            assert fused["score"] == pytest.approx(sum(1 / (60 + leg["rank"]) for leg in fused["legs"]), rel=1e-6)
    assert seen > 5


def test_a_target_that_explains_nothing_leaves_the_clients_part(pond: Elasticsearch) -> None:
    answer = run(pond, {"retriever": rrf(MILL, NEAR), "explain": True})
    hit = answer["hits"]["hits"][0]
    assert hit["_explanation"]["value"] == hit["_score"]
    place = "search.retriever.rrf.retrievers"
    assert [leg["leg"] for leg in hit["_headpond"]["legs"]] == [f"{place}[0].standard", f"{place}[1].knn"]
    assert hits(answer) == hits(run(pond, {"retriever": rrf(MILL, NEAR), "size": 20}))


def test_names_of_legs_and_fusions_are_matched_queries(pond: Elasticsearch) -> None:
    named = {"standard": {**MILL["standard"], "_name": "words"}}
    near = {"knn": {**NEAR["knn"], "_name": "near"}}
    answer = run(pond, {"retriever": rrf(named, near, _name="both"), "size": 20}, explain=True)
    words, nearest = names(run(pond, {"retriever": MILL, "size": 20})), names(run(pond, {"retriever": NEAR}))
    for hit in answer["hits"]["hits"]:
        expected = (
            {"both"} | ({"words"} if hit["_id"] in words else set()) | ({"near"} if hit["_id"] in nearest else set())
        )
        assert set(hit["matched_queries"]) == expected


def test_sequence_numbers_are_shown_to_who_asks_for_them(pond: Elasticsearch) -> None:
    body: Body = {"retriever": rrf(MILL, NEAR)}
    assert all("_seq_no" not in hit for hit in run(pond, body)["hits"]["hits"])
    assert all("_seq_no" in hit for hit in run(pond, body | {"seq_no_primary_term": True})["hits"]["hits"])


class Broken(IndexSearches):
    """Searches of which those of vectors fail, as when a shard is gone."""

    def many(self, bodies: Any) -> list[Answer]:
        answers = super().many(bodies)
        failed: Answer = {"error": {"type": "no_shard_available", "reason": "no shard"}, "status": 503}
        return [
            failed if any(name in str(body) for name in ("knn", "rrf")) else answer
            for body, answer in zip(bodies, answers, strict=True)
        ]


def test_a_leg_whose_search_fails_costs_that_leg_alone(pond: Elasticsearch) -> None:
    searcher = Searcher(from_dict({"search": {"query": {"match_all": {}}}}, name="none"), pond)
    answer = searcher.run(Broken(pond, INDEX), {"retriever": rrf(MILL, NEAR)})
    assert hits(answer) == hits(run(pond, {"retriever": rrf(MILL)}))
    (degraded,) = answer["degraded"]
    assert degraded["stage"] == "search.retriever.rrf.retrievers[1].knn"
    with pytest.raises(TargetError, match=r"no leg of the search could be run: .*no shard \(503\)") as caught:
        searcher.run(Broken(pond, INDEX), {"retriever": rrf(NEAR)})
    assert caught.value.transient


class Refusing(IndexSearches):
    """Searches on a target that knows no fusion."""

    asked: int = 0

    def many(self, bodies: Any) -> list[Answer]:
        if not any("rrf" in str(body) for body in bodies):
            return super().many(bodies)
        type(self).asked += 1
        reason = "unknown retriever [rrf]"
        return [{"error": {"type": "parsing_exception", "reason": reason}, "status": 400} for _ in bodies]


def test_a_target_that_cannot_fuse_is_not_asked_again(pond: Elasticsearch) -> None:
    searcher = Searcher(from_dict({"search": {"query": {"match_all": {}}}}, name="none"), pond)
    Refusing.asked = 0
    for _ in range(3):
        assert hits(searcher.run(Refusing(pond, INDEX), {"retriever": rrf(MILL, NEAR)})) == hits(
            run(pond, {"retriever": rrf(MILL, NEAR)})
        )
    assert Refusing.asked == 1


@pytest.mark.parametrize("what", ["aggs", "track_total_hits"])
def test_what_only_the_target_can_count_is_refused_beside_a_least_score(pond: Elasticsearch, what: str) -> None:
    retriever = rrf(MILL, NEAR, min_score=0.017)
    if what == "aggs":
        with pytest.raises(PipelineError, match=r"\[aggs\] beside a compound retriever with \[min_score\].*\(501\)"):
            run(pond, {"retriever": retriever, "aggs": {"kinds": {"terms": {"field": "kind"}}}})
    else:
        answer = run(pond, {"retriever": retriever, "track_total_hits": True, "size": 20})
        assert answer["hits"]["total"] == {"value": len(hits(answer)), "relation": "eq"}
        assert all(score >= 0.017 for _, _, score in hits(answer))


def test_without_a_size_a_compound_retriever_gives_its_window(pond: Elasticsearch) -> None:
    for retriever in (rrf(MILL, NEAR, rank_window_size=13), {"pinned": {"ids": ["x"], "retriever": MILL}}):
        window = next(iter(retriever.values())).get("rank_window_size", 10)
        for explain in (True, False):
            assert len(hits(run(pond, {"retriever": retriever}, explain=explain))) == window
    assert len(pond.search(index=INDEX, body={"retriever": rrf(MILL, NEAR, rank_window_size=13)})["hits"]["hits"]) == 13


def test_a_page_larger_than_the_window_is_refused(pond: Elasticsearch) -> None:
    with pytest.raises(PipelineError, match=r"\[rrf\] requires \[rank_window_size: 20\] be greater than or equal to"):
        run(pond, {"retriever": rrf(MILL, NEAR), "size": 21})
    rescore = {"window_size": 5, "query": {"rescore_query": {"match_all": {}}}}
    with pytest.raises(PipelineError, match=r"\[rescorer\] requires \[window_size: 5\] be greater than or equal to"):
        run(pond, {"retriever": {"rescorer": {"retriever": rrf(MILL), "rescore": rescore}}, "size": 6})


def test_the_rank_section_ranks_as_the_retriever_does(pond: Elasticsearch) -> None:
    old: Body = {"query": MILL["standard"]["query"], "knn": NEAR["knn"], "rank": {"rrf": {"rank_window_size": 20}}}
    assert hits(run(pond, old)) == hits(run(pond, {"retriever": rrf(MILL, NEAR), "size": 10}))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"size": -1}, r"\[size\] parameter cannot be negative, found \[-1\]"),
        ({"from": -1}, r"\[from\] parameter cannot be negative but was \[-1\]"),
        ({"size": "many"}, r"\[size\] is a number of hits, not 'many'"),
        ({"min_score": "high"}, r"\[min_score\] is a number, not 'high'"),
        ({"collapse": {"field": "kind"}}, r"\[collapse\] cannot stand beside a compound retriever"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_before_the_search(pond: Elasticsearch, more: Body, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        run(pond, {"retriever": rrf(MILL, NEAR), **more})


def test_legs_without_hits_are_no_fault(pond: Elasticsearch) -> None:
    nothing = {"standard": {"query": {"match_none": {}}}}
    rescore = {"query": {"rescore_query": {"match_all": {}}}}
    for retriever in (
        rrf(nothing),
        {"linear": {"retrievers": [{"retriever": nothing}], "normalizer": "zscore"}},
        {"pinned": {"ids": ["not-there"], "retriever": nothing}},
        {"rescorer": {"retriever": rrf(nothing), "rescore": rescore}},
        {"text_similarity_reranker": {"retriever": rrf(nothing), "field": "body", "inference_text": "x"}},
    ):
        answer = run(pond, {"retriever": retriever}, explain=True)
        assert answer["hits"] == {"total": {"value": 0, "relation": "eq"}, "max_score": None, "hits": []}
        assert "degraded" not in answer


def test_a_reranker_that_fails_leaves_the_order_and_applies_no_least_score(pond: Elasticsearch) -> None:
    reranker = {"retriever": rrf(MILL), "field": "body", "inference_text": "mill", "inference_id": "not-there",
                "min_score": 0.9}  # fmt: skip
    answer = run(pond, {"retriever": {"text_similarity_reranker": reranker}})
    assert hits(answer) == hits(run(pond, {"retriever": rrf(MILL), "size": 10}))
    assert answer["degraded"][0]["stage"] == "search.retriever.text_similarity_reranker"


def test_reranked_scores_are_those_of_elasticsearch(pond: Elasticsearch) -> None:
    service = {"service": "fake", "service_settings": {}}
    pond.inference.put(inference_id="order", task_type="rerank", inference_config=service)
    reranker = {"retriever": rrf(MILL, NEAR, rank_window_size=10), "field": "body", "inference_text": "mill dam",
                "inference_id": "order"}  # fmt: skip
    body: Body = {"retriever": {"text_similarity_reranker": reranker}}
    ours, theirs = hits(run(pond, body)), hits(pond.search(index=INDEX, body=body))
    assert {id: score for _, id, score in ours} == pytest.approx({id: score for _, id, score in theirs}, rel=1e-6)
    assert len({score for _, _, score in ours}) > 1
