from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids, scores, total
from tests.parity.refusal import refusal
from tests.parity.vectors import documents, mapping

pytestmark = pytest.mark.parity

QUERY = [0.9, 0.4, 0.1, 0.1]
NEAREST: dict[str, Any] = {"field": "v", "query_vector": QUERY, "k": 3, "num_candidates": 10}

SIMILARITIES: dict[str, tuple[str, float]] = {
    "cosine": ("cosine", 2.0),
    "l2-norm": ("l2_norm", 2.0),
    "max-inner-product": ("max_inner_product", 2.0),
    "dot-product": ("dot_product", 1.0),
}


@pytest.mark.parametrize(("similarity", "scale"), SIMILARITIES.values(), ids=SIMILARITIES.keys())
def test_each_similarity_has_its_own_score(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, similarity: str, scale: float
):
    docs = documents(scale)
    del docs["g"], docs["f"]
    name = make_index(mapping(similarity=similarity), docs)
    answer = es.search(
        index=name,
        knn={**NEAREST, "query_vector": [0.6, 0.8, 0.0, 0.0], "k": 10},
        source=False,
        size=10,
    )
    assert total(answer) == 5
    recorded("hits", answer)


def test_a_cosine_score_is_half_of_one_plus_the_cosine(es: Elasticsearch, passages: str):
    answer = es.search(index=passages, knn={**NEAREST, "query_vector": [2, 0, 0, 0], "k": 10}, size=10)
    found = scores(answer)
    assert found["a"] == pytest.approx(1.0)
    assert found["d"] == pytest.approx(0.5)
    assert found["e"] == pytest.approx(0.0, abs=1e-6)
    assert "h" not in found


KNN: dict[str, Any] = {
    "plain": NEAREST,
    "one": {**NEAREST, "k": 1},
    "k-above-the-number-of-documents": {**NEAREST, "k": 10},
    "without-k": {"field": "v", "query_vector": QUERY},
    "boost": {**NEAREST, "boost": 0.25},
    "filter": {**NEAREST, "filter": {"term": {"group": "y"}}},
    "several-filters": {**NEAREST, "filter": [{"term": {"group": "y"}}, {"match": {"text": "weir"}}]},
    "filter-that-finds-nothing": {**NEAREST, "filter": {"term": {"group": "z"}}},
    "minimum-similarity": {**NEAREST, "k": 10, "similarity": 0.8},
    "two-searches": [{**NEAREST, "k": 2}, {**NEAREST, "query_vector": [0, 0, 0, 1], "k": 2, "boost": 0.5}],
    "integers": {**NEAREST, "query_vector": [1, 0, 0, 0]},
    "named": {**NEAREST, "_name": "near"},
    "unmapped-field": {**NEAREST, "field": "nothing"},
}


@pytest.mark.parametrize("knn", KNN.values(), ids=KNN.keys())
def test_knn_finds_the_nearest(es: Elasticsearch, passages: str, recorded: Recorded, knn: Any):
    recorded("hits", es.search(index=passages, knn=knn, source=False))


def test_knn_beside_a_query_adds_its_score(es: Elasticsearch, passages: str, recorded: Recorded):
    match = {"match": {"text": "mill"}}
    answer = es.search(index=passages, query=match, knn=NEAREST, source=False)
    alone = scores(es.search(index=passages, query=match))
    near = scores(es.search(index=passages, knn=NEAREST))
    assert scores(answer) == {
        key: pytest.approx(alone.get(key, 0) + near.get(key, 0), rel=1e-5) for key in alone.keys() | near.keys()
    }
    recorded("hits", answer)


QUERIES: dict[str, dict[str, Any]] = {
    "alone": {"knn": {"field": "v", "query_vector": QUERY, "k": 4}},
    "without-k": {"knn": {"field": "v", "query_vector": QUERY, "num_candidates": 5}},
    "in-bool": {
        "bool": {
            "must": {"match": {"text": "mill"}},
            "should": {"knn": {"field": "v", "query_vector": QUERY, "k": 4, "boost": 2}},
        }
    },
    "filter-of-its-own": {"knn": {"field": "v", "query_vector": QUERY, "k": 2, "filter": {"term": {"group": "y"}}}},
    "filter-around-it": {
        "bool": {"must": {"knn": {"field": "v", "query_vector": QUERY, "k": 3}}, "filter": {"term": {"group": "y"}}}
    },
    "similarity": {"knn": {"field": "v", "query_vector": QUERY, "k": 10, "similarity": 0.5}},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_knn_as_a_query(es: Elasticsearch, passages: str, recorded: Recorded, query: dict[str, Any]):
    recorded("hits", es.search(index=passages, query=query, source=False, size=10))


def test_size_and_from_cut_the_neighbours(es: Elasticsearch, passages: str, recorded: Recorded):
    recorded("size", es.search(index=passages, knn={**NEAREST, "k": 5}, size=2, source=False))
    recorded("from", es.search(index=passages, knn={**NEAREST, "k": 5}, size=2, from_=2, source=False))
    recorded("sort", es.search(index=passages, knn={**NEAREST, "k": 5}, sort=[{"group": "asc"}], source=False))


ELEMENTS: dict[str, tuple[dict[str, Any], list[Any], Any]] = {
    "byte-cosine": ({"element_type": "byte"}, [[1, 2], [-128, 127], [5, -5]], [1, 1]),
    "byte-l2": ({"element_type": "byte", "similarity": "l2_norm"}, [[1, 2], [-128, 127], [5, -5]], [1, 1]),
    "byte-dot": ({"element_type": "byte", "similarity": "dot_product"}, [[1, 2], [-128, 127], [5, -5]], [1, 1]),
    "byte-mip": (
        {"element_type": "byte", "similarity": "max_inner_product"},
        [[1, 2], [-128, 127], [5, -5]],
        [1, 1],
    ),
    "byte-hex": ({"element_type": "byte"}, ["0102", "807f", [5, -5]], "0101"),
}


@pytest.mark.parametrize(("options", "stored", "query"), ELEMENTS.values(), ids=ELEMENTS.keys())
def test_vectors_of_bytes(
    es: Elasticsearch,
    make_index: MakeIndex,
    recorded: Recorded,
    options: dict[str, Any],
    stored: list[Any],
    query: Any,
):
    field = {"type": "dense_vector", "dims": 2, "index_options": {"type": "flat"}, **options}
    name = make_index({"properties": {"v": field}}, [{"v": one} for one in stored])
    knn = {"field": "v", "query_vector": query, "k": 3, "num_candidates": 3}
    recorded("hits", es.search(index=name, knn=knn, source=False))


def test_vectors_of_bits(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    field = {"type": "dense_vector", "dims": 16, "element_type": "bit", "index_options": {"type": "flat"}}
    name = make_index({"properties": {"v": field}}, [{"v": "ff00"}, {"v": [127, -128]}, {"v": "0f0f"}])
    for label, query in (("hex", "ff01"), ("bytes", [127, 1])):
        knn = {"field": "v", "query_vector": query, "k": 3, "num_candidates": 3}
        recorded(label, es.search(index=name, knn=knn, source=False))


def test_a_vector_that_is_not_indexed_is_not_searched(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index({"properties": {"v": {"type": "dense_vector", "dims": 2, "index": False}}}, [{"v": [1, 0]}])
    knn = {"field": "v", "query_vector": [1, 0], "k": 1, "num_candidates": 1}
    recorded("refusal", refusal(es.search, index=name, knn=knn))


@pytest.mark.parametrize("kind", ["int8_hnsw", "int8_flat", "hnsw", "bbq_flat"])
def test_other_index_types_find_the_same_neighbour(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, kind: str
):
    dims = 64
    docs = {str(n): {"v": [1.0 if at == n else 0.05 for at in range(dims)]} for n in range(20)}
    field = {"type": "dense_vector", "dims": dims, "index_options": {"type": kind}}
    name = make_index({"properties": {"v": field}}, docs)
    query = [1.0 if at == 7 else 0.05 for at in range(dims)]
    answer = es.search(
        index=name, knn={"field": "v", "query_vector": query, "k": 1, "num_candidates": 20}, source=False
    )
    assert ids(answer) == ["7"]
    # The real node scores the quantised vector, hence the wide tolerance.
    recorded("hits", answer, score_rel=0.05)


def test_the_number_of_dimensions_is_taken_from_the_first_document(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    name = make_index({"properties": {"v": {"type": "dense_vector"}}}, [{"v": [1, 0, 0]}])
    assert es.indices.get_mapping(index=name)[name]["mappings"]["properties"]["v"]["dims"] == 3
    recorded("refusal", refusal(es.index, index=name, id="2", document={"v": [1, 0]}))


def test_knn_over_an_empty_index_finds_nothing(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(mapping())
    recorded("hits", es.search(index=name, knn=NEAREST))


def test_a_deleted_or_replaced_vector_is_not_found(es: Elasticsearch, make_index: MakeIndex):
    name = make_index(mapping(), documents())
    es.delete(index=name, id="a", refresh=True)
    es.index(index=name, id="b", document={"v": [-1, 0, 0, 0]}, refresh=True)
    answer = es.search(index=name, knn={**NEAREST, "query_vector": [1, 0, 0, 0], "k": 10})
    assert ids(answer)[0] == "c"
    assert scores(answer)["b"] == pytest.approx(0.0, abs=1e-6)


VALUES: dict[str, Any] = {
    "too-short": [1, 2],
    "too-long": [1, 2, 3, 4, 5],
    "text": "weir",
    "text-inside": [1, 2, 3, "x"],
    "null-inside": [1, 2, None, 4],
    "zero-length": [0, 0, 0, 0],
    "several-vectors": [[1, 2, 3, 4], [5, 6, 7, 8]],
    "object": {"a": 1},
    "number": 3,
    "empty": [],
}


@pytest.mark.differs("9.5.0", "vectors may be base64 texts", only=("text", "object", "number"))
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_wrong_vector_in_a_document_is_refused(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, value: Any
):
    answer = refusal(es.index, index=make_index(mapping()), id="1", document={"v": value})
    assert answer["status"] == 400
    recorded("refusal", answer)


def test_a_vector_for_dot_product_must_have_length_one(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(mapping(similarity="dot_product"), {"1": {"v": [1, 0, 0, 0]}})
    recorded("document", refusal(es.index, index=name, id="2", document={"v": [1, 1, 0, 0]}))
    recorded("query", refusal(es.search, index=name, knn={**NEAREST, "query_vector": [1, 1, 0, 0]}))


@pytest.mark.differs("9.5.0", "vectors may be base64 texts")
def test_bytes_must_be_whole_and_in_range(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index({"properties": {"v": {"type": "dense_vector", "dims": 2, "element_type": "byte"}}})
    recorded("range", refusal(es.index, index=name, id="1", document={"v": [1, 128]}))
    recorded("fraction", refusal(es.index, index=name, id="1", document={"v": [1, 0.5]}))
    recorded("hex", refusal(es.index, index=name, id="1", document={"v": "01"}))
    recorded("no hex", refusal(es.index, index=name, id="1", document={"v": "zz01"}))


WRONG: dict[str, Any] = {
    "no-field": {"query_vector": QUERY, "k": 1, "num_candidates": 1},
    "no-vector": {"field": "v", "k": 1, "num_candidates": 1},
    "wrong-dimensions": {**NEAREST, "query_vector": [1, 2]},
    "not-a-vector-field": {**NEAREST, "field": "text"},
    "k-above-candidates": {**NEAREST, "k": 11},
    "k-of-zero": {**NEAREST, "k": 0},
    "candidates-above-the-limit": {**NEAREST, "num_candidates": 10001},
    "unknown-key": {**NEAREST, "candidates": 3},
    "zero-vector": {**NEAREST, "query_vector": [0, 0, 0, 0]},
    "text-in-the-vector": {**NEAREST, "query_vector": [1, 2, 3, "x"]},
    "a-list-for-the-field": {**NEAREST, "field": ["v"]},
    "wrong-filter": {**NEAREST, "filter": {"trem": {"a": "b"}}},
    "not-an-object": "v",
}


@pytest.mark.parametrize("knn", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_knn_is_refused(es: Elasticsearch, passages: str, recorded: Recorded, knn: Any):
    answer = refusal(es.search, index=passages, body={"knn": knn})
    assert answer["status"] == 400
    recorded("refusal", answer)
