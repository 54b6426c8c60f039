"""Retrievers computed by the client on a real Elasticsearch, which here has no rrf, linear and pinned of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given, settings
from hypothesis import strategies as st

from headpond.connect import connect
from headpond.pipeline.load import from_dict
from headpond.pipeline.query.field_models import FieldModels
from headpond.pipeline.query.inference import ClientInference
from headpond.pipeline.query.retrieve.legs import Context, Legs
from headpond.pipeline.query.retrieve.options import Rescorer as RescorerOptions
from headpond.pipeline.query.retrieve.rescore import rescored
from headpond.pipeline.query.retrieve.tree import Leaf, Rescorer
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import IndexSearches
from headpond.stages.deadline import Deadline
from tests.pipeline.retrievers import INDEX, documents, generated, hits, index, queries, run, trees
from tests.real.node import RealNode

pytestmark = pytest.mark.real
MILL = {"standard": {"query": {"match": {"body": "mill"}}}}
NEAR = {"knn": {"field": "v", "query_vector": [1, 2, 2], "k": 10, "num_candidates": 50}}


@pytest.fixture(scope="module")
def both(real_node: RealNode) -> Iterator[tuple[Elasticsearch, Elasticsearch]]:
    """The pond, and the real node, with the same documents in one segment each."""
    with connect("memory") as pond, Elasticsearch(real_node.url, request_timeout=120) as real:
        for client in (pond, real):
            index(client, INDEX, documents(40))
        yield pond, real
        real.indices.delete(index=INDEX, ignore_unavailable=True)


def alike(ours: list[tuple[str, str, float]], theirs: list[tuple[str, str, float]]) -> bool:
    """The same ids in the same order, with scores that differ by less than a part in 100,000.

    Hits whose scores are that close may stand in another order: they are equal but for rounding.
    """
    pairs = list(zip(ours, theirs, strict=True))
    if not all(math.isclose(own[2], other[2], rel_tol=1e-5, abs_tol=1e-6) for own, other in pairs):
        return False
    near = {key[:2]: key[2] for key in theirs}
    ends = min((other[2] for other in theirs), default=0.0)
    return all(
        own[:2] == other[:2] or math.isclose(near.get(own[:2], ends), other[2], rel_tol=1e-5, abs_tol=1e-6)
        for own, other in pairs
    )


@pytest.mark.timeout(900)
@settings(generated, max_examples=150)
@given(retriever=trees)
def test_the_client_ranks_on_elasticsearch_as_the_pond_does_itself(
    both: tuple[Elasticsearch, Elasticsearch], retriever: dict[str, Any]
) -> None:
    pond, real = both
    body = {"retriever": retriever, "size": 15}
    theirs = hits(pond.search(index=INDEX, body=body))
    ours = hits(run(real, body))
    assert alike(ours, theirs), (ours, theirs)


@pytest.mark.timeout(900)
@settings(generated, max_examples=60)
@given(
    query=queries,
    second=st.lists(queries, min_size=1, max_size=2),
    mode=st.sampled_from(["total", "multiply", "avg", "max", "min"]),
    weights=st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.5, 1.0, 3.0])),
    window=st.sampled_from([5, 20, 40]),
)
def test_elasticsearch_rescores_as_the_client_does(
    both: tuple[Elasticsearch, Elasticsearch],
    query: dict[str, Any],
    second: list[dict[str, Any]],
    mode: str,
    weights: tuple[float, float],
    window: int,
) -> None:
    _, real = both
    options: dict[str, Any] = {"query_weight": weights[0], "rescore_query_weight": weights[1], "score_mode": mode}
    rescore = [{"window_size": window, "query": {"rescore_query": one, **options}} for one in second]
    leaf = {"standard": {"query": query}}
    body = {"retriever": {"rescorer": {"retriever": leaf, "rescore": rescore}}, "size": window, "_source": False}
    theirs = hits(real.search(index=INDEX, body=body))
    assert alike(_rescored(real, leaf, rescore, window), theirs)


def _rescored(
    client: Elasticsearch, leaf: dict[str, Any], rescore: list[dict[str, Any]], window: int
) -> list[tuple[str, str, float]]:
    """What the client makes of a leaf, which it would leave to the target."""
    inference = ClientInference(client)
    models = FieldModels(client, INDEX, inference.fingerprints)
    legs = Legs(Context(IndexSearches(client, INDEX), {"_source": False}, models, inference, Deadline()))
    below = Leaf(leaf, "leaf", window)
    legs.keep([below], legs.send([below]))
    options = RescorerOptions(retriever=leaf, rescore=rescore)
    node = Rescorer(kind="rescorer", name="it", window=window, children=(below,), rescores=tuple(options.rescore))
    found = rescored(node, legs.found["leaf"] or [], legs)
    assert isinstance(found, list)
    return [(*key, score) for key, score in found]


def rrf(*legs: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"rrf": {"retrievers": list(legs), "rank_window_size": 20, **options}}


def test_aggregations_and_totals_are_over_all_that_the_legs_match(both: tuple[Elasticsearch, Elasticsearch]) -> None:
    _, real = both
    kinds = {"terms": {"field": "kind"}}
    body = {"retriever": rrf(MILL, NEAR, rank_window_size=10), "aggs": {"kinds": kinds}}
    answer = run(real, body)
    nearest = {id for _, id, _ in hits(run(real, {"retriever": NEAR}))}
    matching = {id for id, doc in documents(40).items() if "mill" in doc["body"].split() or id in nearest}
    counted = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["kinds"]["buckets"]}
    expected: dict[str, int] = {}
    for id in matching:
        kind = documents(40)[id]["kind"]
        expected[kind] = expected.get(kind, 0) + 1
    assert counted == expected
    assert answer["hits"]["total"] == {"value": len(matching), "relation": "eq"}
    assert len(matching) > len(hits(answer)) == 10
    assert hits(answer) == hits(run(real, {"retriever": rrf(MILL, NEAR, rank_window_size=10)}))


def test_explanations_hold_those_of_the_legs(both: tuple[Elasticsearch, Elasticsearch]) -> None:
    _, real = both
    named = {"standard": {**MILL["standard"], "_name": "words"}}
    answer = run(real, {"retriever": rrf(named, NEAR), "size": 20, "explain": True})
    one = next(hit for hit in answer["hits"]["hits"] if len(hit["_headpond"]["legs"]) == 2)
    ranks = [leg["rank"] for leg in one["_headpond"]["legs"]]
    explanation = one["_explanation"]
    assert explanation["value"] == one["_score"]
    assert explanation["description"] == (
        f"rrf score: [{one['_score']}] computed for initial ranks {ranks} with rankConstant: [60] "
        "as sum of [1 / (rank + rankConstant)] for each query"
    )
    words, near = explanation["details"]
    assert words["description"].startswith("rrf score: [")
    assert (
        f"for rank [{ranks[0]}] in query at index [0] [words] computed as [1 / ({ranks[0]} + 60)]"
        in (words["description"])
    )
    (bm25,) = words["details"]
    assert bm25["description"].startswith("weight(body:mill in ")
    assert bm25["value"] == pytest.approx(one["_headpond"]["legs"][0]["score"])
    assert near["value"] == ranks[1]
    alone = next(hit for hit in answer["hits"]["hits"] if len(hit["_headpond"]["legs"]) == 1)
    missing = [detail for detail in alone["_explanation"]["details"] if detail["value"] == 0]
    assert "result not found in query at index" in missing[0]["description"]


def test_linear_scores_are_explained(both: tuple[Elasticsearch, Elasticsearch]) -> None:
    _, real = both
    legs = [{"retriever": MILL, "weight": 2, "normalizer": "minmax"}, {"retriever": NEAR}]
    answer = run(real, {"retriever": {"linear": {"retrievers": legs}}, "explain": True})
    first = answer["hits"]["hits"][0]
    shares = [detail["value"] for detail in first["_explanation"]["details"]]
    assert sum(shares) == pytest.approx(first["_score"], rel=1e-6)
    assert first["_explanation"]["description"].startswith(f"weighted linear combination score: [{first['_score']}]")
    assert "using score normalizer [minmax]" in first["_explanation"]["details"][0]["description"]


def test_pinned_documents_and_pages_of_a_point_in_time(both: tuple[Elasticsearch, Elasticsearch]) -> None:
    pond, real = both
    last = hits(run(pond, {"retriever": rrf(MILL, NEAR), "size": 20}))[-1][1]
    retriever = {"pinned": {"ids": [last], "retriever": rrf(MILL, NEAR), "rank_window_size": 20}}
    pit = {"id": real.open_point_in_time(index=INDEX, keep_alive="1m")["id"]}
    pages = [run(real, {"retriever": retriever, "from": at, "size": 5, "pit": pit}) for at in (0, 5, 10)]
    whole = hits(run(pond, {"retriever": retriever, "size": 15}))
    assert [hit[1] for page in pages for hit in hits(page)] == [hit[1] for hit in whole]
    assert whole[0][1:] == (last, 1.7014122e38)
    real.close_point_in_time(id=pit["id"])


def test_a_target_without_fusion_is_asked_for_it_once(
    both: tuple[Elasticsearch, Elasticsearch], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, real = both
    sent: list[int] = []
    original = IndexSearches.many

    def many(self: IndexSearches, bodies: Any) -> Any:
        sent.append(sum("rrf" in body.get("retriever", {}) for body in bodies))
        return original(self, bodies)

    monkeypatch.setattr(IndexSearches, "many", many)
    searcher = Searcher(from_dict({"search": {"query": {"match_all": {}}}}, name="none"), real)
    answers = [searcher.run(IndexSearches(real, INDEX), {"retriever": rrf(MILL, NEAR)}) for _ in range(3)]
    assert sent == [1, 0, 0, 0]
    assert hits(answers[0]) == hits(answers[2])
