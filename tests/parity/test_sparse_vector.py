from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.hits import ids, scores
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

QUERIES: dict[str, dict[str, Any]] = {
    "one-token": {"field": "s", "query_vector": {"pond": 1.0}},
    "several-tokens": {"field": "s", "query_vector": {"mill": 1.0, "pond": 0.5, "river": 2.0}},
    "weights-below-one": {"field": "s", "query_vector": {"mill": 0.013, "weir": 0.7}},
    "unknown-token": {"field": "s", "query_vector": {"submarine": 3.0}},
    "known-and-unknown": {"field": "s", "query_vector": {"submarine": 3.0, "pond": 1.0}},
    "boost": {"field": "s", "query_vector": {"pond": 1.0}, "boost": 3},
    "not-pruned": {"field": "s", "query_vector": {"mill": 1.0, "pond": 0.1}, "prune": False},
    "unmapped-field": {"field": "nothing", "query_vector": {"pond": 1.0}},
    "empty": {"field": "s", "query_vector": {}},
    "config-with-prune-off": {
        "field": "s",
        "query_vector": {"pond": 1.0},
        "prune": False,
        "pruning_config": {"tokens_freq_ratio_threshold": 3},
    },
    "named": {"field": "s", "query_vector": {"pond": 1.0}, "_name": "by token"},
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_sparse_vectors_are_scored_by_their_dot_product(
    es: Elasticsearch, passages: str, recorded: Recorded, query: dict[str, Any]
):
    recorded("hits", es.search(index=passages, query={"sparse_vector": query}, source=False))


def test_the_score_is_the_sum_of_products(es: Elasticsearch, passages: str):
    query = {"sparse_vector": {"field": "s", "query_vector": {"mill": 2.0, "pond": 3.0}}}
    answer = es.search(index=passages, query=query)
    assert ids(answer) == ["f", "a", "c", "d", "b"]
    assert scores(answer)["a"] == pytest.approx(2 * 1.5 + 3 * 0.5)


def test_sparse_beside_other_clauses(es: Elasticsearch, passages: str, recorded: Recorded):
    query = {
        "bool": {
            "must": {"match": {"text": "mill"}},
            "should": {"sparse_vector": {"field": "s", "query_vector": {"pond": 2.0}}},
            "filter": {"term": {"group": "y"}},
        }
    }
    recorded("hits", es.search(index=passages, query=query, source=False))


def test_weights_are_kept_with_nine_bits_of_precision(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    weights = [1.234567, 0.001, 0.3333333, 7.77777, 123.456, 1e-7]
    name = make_index({"properties": {"s": {"type": "sparse_vector"}}}, [{"s": {"t": one}} for one in weights])
    query = {"sparse_vector": {"field": "s", "query_vector": {"t": 1.0}}}
    recorded("scores", es.search(index=name, query=query, source=False))
    recorded("shown", es.search(index=name, query=query, source={"exclude_vectors": False}))


def test_of_several_vectors_the_highest_weight_of_a_token_counts(
    es: Elasticsearch, make_index: MakeIndex, recorded: Recorded
):
    name = make_index(
        {"properties": {"s": {"type": "sparse_vector"}}},
        [{"s": [{"a": 1.0, "b": 2.0}, {"a": 3.0}]}, {"s": {"a": 2.0}}],
    )
    query = {"sparse_vector": {"field": "s", "query_vector": {"a": 1.0}}}
    recorded("hits", es.search(index=name, query=query, source=False))


def test_pruning_leaves_out_frequent_tokens_of_low_weight(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    docs: dict[str, dict[str, Any]] = {}
    for n in range(40):
        own = {f"own{n}x{at}": 1.0 for at in range(4)}
        docs[str(n)] = {"s": {"common": 0.5, **own}}
    name = make_index({"properties": {"s": {"type": "sparse_vector"}}}, docs)
    vector = {"common": 0.1, "own3x1": 2.0, "own7x2": 1.0}
    for label, options in {
        "default": {},
        "off": {"prune": False},
        "on": {"prune": True},
        "lenient": {"prune": True, "pruning_config": {"tokens_freq_ratio_threshold": 100}},
        "weight": {"prune": True, "pruning_config": {"tokens_weight_threshold": 0.01}},
        "only-pruned": {"prune": True, "pruning_config": {"only_score_pruned_tokens": True}},
    }.items():
        query = {"sparse_vector": {"field": "s", "query_vector": vector, **options}}
        recorded(label, es.search(index=name, query=query, source=False, size=50))


def test_pruning_may_be_set_in_the_mapping(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    field = {"type": "sparse_vector", "index_options": {"prune": False}}
    name = make_index({"properties": {"s": field}}, [{"s": {"a": 1.0}}])
    recorded("mapping", es.indices.get_mapping(index=name)[name]["mappings"])


VALUES: dict[str, Any] = {
    "negative": {"a": -1.0},
    "zero": {"a": 0.0},
    "text": {"a": "much"},
    "not-an-object": [1.0, 2.0],
    "a-number": 3,
    "a-text": "mill",
    "nested": {"a": {"b": 1.0}},
    "null-weight": {"a": None},
    "null": None,
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_what_a_document_may_hold(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, value: Any):
    name = make_index({"properties": {"s": {"type": "sparse_vector"}}})
    answer = es.options(ignore_status=[400]).index(index=name, id="1", document={"s": value})
    recorded("answer", answer)


@pytest.mark.parametrize("value", [{}, {"a.b": 1.0}], ids=["empty", "dotted"])
def test_empty_and_dotted_vectors_are_taken(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded, value: Any):
    name = make_index({"properties": {"s": {"type": "sparse_vector"}}}, [{"s": value}])
    recorded("hit", es.search(index=name, source={"exclude_vectors": False}))


WRONG: dict[str, Any] = {
    "no-field": {"query_vector": {"a": 1.0}},
    "no-vector": {"field": "s"},
    "vector-and-inference": {"field": "s", "query_vector": {"a": 1.0}, "inference_id": "x", "query": "y"},
    "unknown-key": {"field": "s", "query_vector": {"a": 1.0}, "pruned": True},
    "not-a-sparse-field": {"field": "text", "query_vector": {"a": 1.0}},
    "a-list": {"field": "s", "query_vector": [1.0]},
    "text-weight": {"field": "s", "query_vector": {"a": "b"}},
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_sparse_query_is_refused(es: Elasticsearch, passages: str, recorded: Recorded, query: Any):
    answer = refusal(es.search, index=passages, query={"sparse_vector": query})
    assert answer["status"] in (400, 500)
    recorded("refusal", answer)
