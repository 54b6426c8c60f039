"""Random documents and random queries, asked of the pond and of a real Elasticsearch alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headpond.connect import connect
from headpond.testing.compare import differences
from tests.real.node import RealNode

pytestmark = pytest.mark.real

INDEX = "differential"
WORDS = ("mill", "pond", "weir", "river", "wheel", "dam", "the", "of", "Mills", "turning")
GROUPS = ("a", "b", "c")
# Small enough for `hnsw` to be exact. `flat` is not used: with a filter, 9.2.4 finds documents that have no vector too.
MAPPINGS: dict[str, Any] = {
    "properties": {
        "title": {"type": "text"},
        "body": {"type": "text", "analyzer": "english"},
        "group": {"type": "keyword"},
        "year": {"type": "integer"},
        "v": {"type": "dense_vector", "dims": 3, "index_options": {"type": "hnsw"}},
        "s": {"type": "sparse_vector"},
        "parts": {"type": "nested", "properties": {"text": {"type": "text"}, "n": {"type": "integer"}}},
    }
}

words = st.sampled_from(WORDS)
texts = st.lists(words, min_size=1, max_size=60).map(" ".join)
queries_text = st.lists(words, min_size=1, max_size=4).map(" ".join)
# The pond refuses a sloppy phrase that repeats a word; `mill` and `Mills` are one word to the english analyzer.
phrases = st.lists(st.sampled_from(WORDS[:8]), min_size=1, max_size=4, unique=True).map(" ".join)
years = st.integers(1990, 2000)
vectors = st.lists(st.integers(-4, 4).map(float), min_size=3, max_size=3).filter(any)
weights = st.dictionaries(st.sampled_from(WORDS[:6]), st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.5]), min_size=1)
parts = st.lists(st.fixed_dictionaries({"text": queries_text, "n": st.integers(0, 3)}), max_size=3)
documents = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "title": texts | st.lists(texts, max_size=2),
            "body": texts,
            "group": st.sampled_from(GROUPS) | st.lists(st.sampled_from(GROUPS), max_size=2),
            "year": years,
            "v": vectors,
            "s": weights,
            "parts": parts,
        },
    ),
    min_size=5,
    max_size=25,
)

fields = st.sampled_from(["title", "body"])
boosts = st.sampled_from([0.5, 1.0, 2.0])
leaves = st.one_of(
    st.builds(
        lambda f, q, o: {"match": {f: {"query": q, "operator": o}}},
        fields,
        queries_text,
        st.sampled_from(["or", "and"]),
    ),
    st.builds(
        lambda f, q, m: {"match": {f: {"query": q, "minimum_should_match": m}}},
        fields,
        queries_text,
        st.sampled_from([1, 2, "50%", "-1", "2<75%"]),
    ),
    st.builds(lambda f, q, s: {"match_phrase": {f: {"query": q, "slop": s}}}, fields, phrases, st.integers(0, 3)),
    st.builds(
        lambda q, k, t: {"multi_match": {"query": q, "fields": ["title^2", "body"], "type": k, "tie_breaker": t}},
        queries_text,
        st.sampled_from(["best_fields", "most_fields"]),
        st.sampled_from([0.0, 0.4]),
    ),
    st.builds(lambda v, b: {"term": {"group": {"value": v, "boost": b}}}, st.sampled_from(GROUPS), boosts),
    st.builds(lambda v: {"terms": {"group": v}}, st.lists(st.sampled_from(GROUPS), max_size=2)),
    st.builds(lambda low, high: {"range": {"year": {"gte": low, "lt": high}}}, years, years),
    st.builds(lambda f: {"exists": {"field": f}}, st.sampled_from(["title", "group", "year", "v", "parts"])),
    st.builds(lambda v: {"sparse_vector": {"field": "s", "query_vector": v, "prune": False}}, weights),
    st.builds(
        lambda q, m: {"nested": {"path": "parts", "query": {"match": {"parts.text": q}}, "score_mode": m}},
        queries_text,
        st.sampled_from(["avg", "max", "sum", "min", "none"]),
    ),
    st.just({"match_all": {}}),
)


def compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, max_size=2)
    return st.one_of(
        st.builds(
            lambda must, should, filter_, must_not, boost: {
                "bool": {"must": must, "should": should, "filter": filter_, "must_not": must_not, "boost": boost}
            },
            some,
            some,
            some,
            st.lists(inner, max_size=1),
            boosts,
        ),
        st.builds(
            lambda q, t: {"dis_max": {"queries": q, "tie_breaker": t}},
            st.lists(inner, min_size=1, max_size=3),
            st.sampled_from([0.0, 0.3]),
        ),
        st.builds(lambda q, b: {"constant_score": {"filter": q, "boost": b}}, inner, boosts),
    )


queries = st.recursive(leaves, compound, max_leaves=5)
searches = st.one_of(
    st.builds(lambda q: {"query": q}, queries),
    st.builds(
        lambda v, k: {"knn": {"field": "v", "query_vector": v, "k": k, "num_candidates": 50}},
        vectors,
        st.integers(1, 30),
    ),
    st.builds(
        lambda v, f: {"knn": {"field": "v", "query_vector": v, "k": 5, "num_candidates": 50, "filter": f}},
        vectors,
        queries,
    ),
)


@pytest.fixture(scope="module")
def both(real_node: RealNode) -> Iterator[tuple[Elasticsearch, Elasticsearch]]:
    """The pond, and the real node."""
    with connect("memory") as pond, Elasticsearch(real_node.url) as real:
        yield pond, real
        real.indices.delete(index=INDEX, ignore_unavailable=True)


@pytest.mark.timeout(600)
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(docs=documents, bodies=st.lists(searches, min_size=8, max_size=8))
def test_random_searches_are_answered_alike(
    both: tuple[Elasticsearch, Elasticsearch], docs: list[dict[str, Any]], bodies: list[dict[str, Any]]
):
    for client in both:
        client.indices.delete(index=INDEX, ignore_unavailable=True)
        client.indices.create(index=INDEX, mappings=MAPPINGS)
        operations = [part for at, doc in enumerate(docs) for part in ({"index": {"_id": str(at)}}, doc)]
        assert not client.bulk(index=INDEX, operations=operations, refresh=True)["errors"]
    for body in bodies:
        pond, real = (ask(client, body) for client in both)
        assert differences(pond, real) == [], body


def ask(client: Elasticsearch, body: dict[str, Any]) -> Any:
    try:
        answer = client.search(index=INDEX, body={**body, "size": 100, "_source": False})
    except ApiError as error:
        return {"status": error.meta.status, "type": error.body["error"]["type"]}
    return answer.body["hits"]
