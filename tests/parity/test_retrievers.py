from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.hits import ids, scores
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

MILL = {"match": {"text": "mill"}}
GROUP_Y = {"term": {"group": "y"}}
NEAREST: dict[str, Any] = {"field": "v", "query_vector": [0.9, 0.4, 0.1, 0.1], "k": 3, "num_candidates": 10}
RETRIEVERS: dict[str, dict[str, Any]] = {
    "standard": {"standard": {"query": MILL}},
    "standard-filter": {"standard": {"query": MILL, "filter": GROUP_Y}},
    "standard-filter-alone": {"standard": {"filter": [GROUP_Y]}},
    "standard-nothing": {"standard": {}},
    "standard-min-score": {"standard": {"query": MILL, "min_score": 0.5}},
    "standard-sort": {"standard": {"query": {"match_all": {}}, "sort": [{"group": "asc"}]}},
    "standard-name": {"standard": {"query": MILL, "_name": "words"}},
    "knn": {"knn": NEAREST},
    "knn-filter": {"knn": {**NEAREST, "filter": GROUP_Y}},
    "knn-similarity": {"knn": {**NEAREST, "similarity": 0.9}},
    "knn-min-score": {"knn": {**NEAREST, "min_score": 0.95}},
    "standard-with-a-knn-query": {"standard": {"query": {"knn": {**NEAREST, "k": 2}}}},
    "standard-with-a-sparse-query": {
        "standard": {"query": {"sparse_vector": {"field": "s", "query_vector": {"mill": 1.0}}}}
    },
}


@pytest.mark.parametrize("retriever", RETRIEVERS.values(), ids=RETRIEVERS.keys())
def test_a_retriever_finds_like_elasticsearch(
    es: Elasticsearch, passages: str, recorded: Recorded, retriever: dict[str, Any]
):
    recorded("hits", es.search(index=passages, retriever=retriever, source=False))


def test_a_retriever_is_paged_and_filtered_like_a_query(es: Elasticsearch, passages: str, recorded: Recorded):
    retriever = {"standard": {"query": MILL}}
    recorded("page", es.search(index=passages, retriever=retriever, size=2, from_=1, source=["group"]))
    recorded("min_score beside", es.search(index=passages, retriever=retriever, min_score=0.65, source=False))
    recorded("min_score", es.search(index=passages, retriever={"standard": {"query": MILL, "min_score": 100}}))


WRONG: dict[str, dict[str, Any]] = {
    "unknown": {"retriever": {"standart": {"query": MILL}}},
    "beside-a-query": {"retriever": {"standard": {"query": MILL}}, "query": MILL},
    "beside-knn": {"retriever": {"standard": {"query": MILL}}, "knn": NEAREST},
    "beside-sort": {"retriever": {"standard": {"query": MILL}}, "sort": ["group"]},
    "unknown-key": {"retriever": {"standard": {"qurey": MILL}}},
    "two-retrievers": {"retriever": {"standard": {}, "knn": NEAREST}},
    "empty": {"retriever": {}},
    "knn-without-k": {"retriever": {"knn": {"field": "v", "query_vector": [1, 0, 0, 0]}}},
}


@pytest.mark.differs("9.5.0", "num_candidates has a default", only=("knn-without-k",))
@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_retriever_is_refused(es: Elasticsearch, passages: str, recorded: Recorded, body: dict[str, Any]):
    answer = refusal(es.search, index=passages, body=body)
    assert answer["status"] == 400
    recorded("refusal", answer)


LACKING = "the published distribution has no such retriever; the formula is the documented one"
LEGS: list[dict[str, Any]] = [{"standard": {"query": MILL}}, {"knn": NEAREST}]


@pytest.mark.pond_only(LACKING)
def test_rrf_adds_reciprocal_ranks(es: Elasticsearch, passages: str):
    words = ids(es.search(index=passages, retriever=LEGS[0]))
    near = ids(es.search(index=passages, retriever=LEGS[1]))
    answer = es.search(index=passages, retriever={"rrf": {"retrievers": LEGS}})
    expected = {
        key: sum(1 / (60 + ranks.index(key) + 1) for ranks in (words, near) if key in ranks) for key in {*words, *near}
    }
    assert scores(answer) == {key: pytest.approx(value, rel=1e-5) for key, value in expected.items()}
    assert list(scores(answer).values()) == sorted(scores(answer).values(), reverse=True)


@pytest.mark.pond_only(LACKING)
def test_rrf_takes_a_constant_and_a_window(es: Elasticsearch, passages: str):
    retriever = {"rrf": {"retrievers": LEGS, "rank_constant": 1, "rank_window_size": 2}}
    answer = es.search(index=passages, retriever=retriever, size=2)
    near = ids(es.search(index=passages, retriever=LEGS[1], size=2))
    words = ids(es.search(index=passages, retriever=LEGS[0], size=2))
    expected = {
        key: sum(1 / (1 + ranks.index(key) + 1) for ranks in (words, near) if key in ranks) for key in {*words, *near}
    }
    assert scores(answer).items() <= {key: pytest.approx(value, rel=1e-5) for key, value in expected.items()}.items()
    assert len(ids(answer)) == 2


@pytest.mark.pond_only(LACKING)
def test_rrf_weights_its_legs(es: Elasticsearch, passages: str):
    weighted = [{"retriever": LEGS[0], "weight": 2.0}, {"retriever": LEGS[1], "weight": 0.5}]
    answer = es.search(index=passages, retriever={"rrf": {"retrievers": weighted}})
    words = ids(es.search(index=passages, retriever=LEGS[0]))
    near = ids(es.search(index=passages, retriever=LEGS[1]))
    first = words[0]
    expected = 2.0 / 61 + (0.5 / (61 + near.index(first)) if first in near else 0.0)
    assert scores(answer)[first] == pytest.approx(expected, rel=1e-5)


@pytest.mark.pond_only(LACKING)
@pytest.mark.parametrize("normalizer", ["none", "minmax", "l2_norm"])
def test_linear_adds_weighted_normalised_scores(es: Elasticsearch, passages: str, normalizer: str):
    def normalised(found: dict[str, float]) -> dict[str, float]:
        low, high = min(found.values()), max(found.values())
        length = sum(value**2 for value in found.values()) ** 0.5
        return {
            key: {"none": value, "minmax": (value - low) / (high - low), "l2_norm": value / length}[normalizer]
            for key, value in found.items()
        }

    words = normalised(scores(es.search(index=passages, retriever=LEGS[0])))
    near = normalised(scores(es.search(index=passages, retriever=LEGS[1])))
    legs = [
        {"retriever": LEGS[0], "weight": 2.0, "normalizer": normalizer},
        {"retriever": LEGS[1], "weight": 1.5, "normalizer": normalizer},
    ]
    answer = es.search(index=passages, retriever={"linear": {"retrievers": legs}})
    assert scores(answer) == {
        key: pytest.approx(2 * words.get(key, 0) + 1.5 * near.get(key, 0), rel=1e-5, abs=1e-6)
        for key in {*words, *near}
    }


@pytest.mark.pond_only(LACKING)
def test_a_compound_retriever_filters_all_its_legs(es: Elasticsearch, passages: str):
    for kind in ("rrf", "linear"):
        legs = LEGS if kind == "rrf" else [{"retriever": leg, "weight": 1} for leg in LEGS]
        answer = es.search(index=passages, retriever={kind: {"retrievers": legs, "filter": GROUP_Y}})
        assert set(ids(answer)) <= {"b", "d", "f", "g"}
        assert ids(answer)


@pytest.mark.pond_only(LACKING)
def test_retrievers_nest(es: Elasticsearch, passages: str):
    inner = {"rrf": {"retrievers": LEGS}}
    answer = es.search(index=passages, retriever={"rrf": {"retrievers": [inner, LEGS[0]]}})
    assert set(ids(answer)) == set(ids(es.search(index=passages, retriever=inner)))


@pytest.mark.pond_only(LACKING)
def test_a_window_below_the_size_is_refused(es: Elasticsearch, passages: str):
    body = {"retriever": {"rrf": {"retrievers": LEGS, "rank_window_size": 2}}, "size": 5}
    answer = refusal(es.search, index=passages, body=body)
    assert answer["status"] == 400
    assert (
        "[rrf] requires [rank_window_size: 2] be greater than or equal to [size: 5]"
        in answer["body"]["error"]["reason"]
    )
