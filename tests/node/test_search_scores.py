"""Scores against slow and obvious computations of the same formulas."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.node.search_client import fill, found, pond

QUICK = settings(max_examples=15)
WORDS = [f"w{number}" for number in range(8)]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=60), min_size=1, max_size=12)
VECTOR = st.lists(st.integers(-9, 9), min_size=3, max_size=3).filter(any)


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with pond() as client:
        yield client


def stored_length(length: int) -> int:
    """What one byte keeps of a length: exact up to 39, above that the four highest bits of what is over 24."""
    over = length - 24
    return length if over < 16 else 24 + (over >> (over.bit_length() - 4) << (over.bit_length() - 4))


def bm25(texts: list[list[str]], word: str, text: list[str]) -> float:
    with_field = [other for other in texts if other]
    holding = sum(word in other for other in with_field)
    average = sum(map(len, with_field)) / len(with_field)
    idf = math.log(1 + (len(with_field) - holding + 0.5) / (holding + 0.5))
    freq, length = text.count(word), stored_length(len(text))
    return 2.2 * idf * freq / (freq + 1.2 * (0.25 + 0.75 * length / average))


@QUICK
@given(texts=TEXTS, query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), segments=st.integers(1, 3))
def test_a_match_scores_by_bm25_over_all_segments(
    client: Elasticsearch, texts: list[list[str]], query: list[str], segments: int
) -> None:
    fill(client, {"t": {"type": "text"}}, [{"t": " ".join(text)} for text in texts], segments=segments)
    expected = {
        str(number): sum(bm25(texts, word, text) for word in query if word in text)
        for number, text in enumerate(texts)
        if set(query) & set(text)
    }
    answer = found(client, query={"match": {"t": " ".join(query)}})
    assert answer == {key: pytest.approx(score, rel=1e-5) for key, score in expected.items()}
    assert list(answer.values()) == sorted(answer.values(), reverse=True)
    strict = found(client, query={"match": {"t": {"query": " ".join(query), "operator": "and"}}})
    assert set(strict) == {str(number) for number, text in enumerate(texts) if set(query) <= set(text)}


@QUICK
@given(texts=TEXTS, query=st.lists(st.sampled_from(WORDS), min_size=2, max_size=3), segments=st.integers(1, 2))
def test_a_phrase_is_found_where_its_words_stand_in_a_row(
    client: Elasticsearch, texts: list[list[str]], query: list[str], segments: int
) -> None:
    fill(client, {"t": {"type": "text"}}, [{"t": " ".join(text)} for text in texts], segments=segments)
    size = len(query)
    expected = {
        str(number)
        for number, text in enumerate(texts)
        if any(text[start : start + size] == query for start in range(len(text)))
    }
    assert set(found(client, query={"match_phrase": {"t": " ".join(query)}})) == expected


SIMILARITIES = {
    "cosine": lambda q, v: (1 + q @ v / math.sqrt((q @ q) * (v @ v))) / 2,
    "l2_norm": lambda q, v: 1 / (1 + (q - v) @ (q - v)),
    "max_inner_product": lambda q, v: q @ v + 1 if q @ v >= 0 else 1 / (1 - q @ v),
}


@QUICK
@given(
    vectors=st.lists(st.none() | VECTOR, min_size=1, max_size=10),
    query=VECTOR,
    k=st.integers(1, 5),
    similarity=st.sampled_from(list(SIMILARITIES)),
    element_type=st.sampled_from(["float", "byte"]),
    segments=st.integers(1, 3),
)
def test_knn_gives_the_nearest_of_all_segments(
    client: Elasticsearch,
    vectors: list[list[int] | None],
    query: list[int],
    k: int,
    similarity: str,
    element_type: str,
    segments: int,
) -> None:
    field = {"type": "dense_vector", "dims": 3, "similarity": similarity, "element_type": element_type}
    documents = [{"v": vector} if vector else {"x": 1} for vector in vectors]
    fill(client, {"v": field}, documents, segments=segments)
    scores = {
        str(number): float(SIMILARITIES[similarity](np.array(query, float), np.array(vector, float)))
        for number, vector in enumerate(vectors)
        if vector
    }
    best = sorted(scores.values(), reverse=True)[:k]
    answer = found(client, knn={"field": "v", "query_vector": query, "k": k, "num_candidates": 50})
    assert list(answer.values()) == [pytest.approx(score, rel=1e-5) for score in best]
    assert answer == {key: pytest.approx(scores[key], rel=1e-5) for key in answer}


@QUICK
@given(
    stored=st.lists(st.dictionaries(st.sampled_from(WORDS), st.sampled_from([0.25, 1.0, 1.5, 2.0])), max_size=8),
    query=st.dictionaries(st.sampled_from(WORDS), st.floats(0.125, 3, width=32), min_size=1),
)
def test_a_sparse_query_sums_products_of_weights(
    client: Elasticsearch, stored: list[dict[str, float]], query: dict[str, float]
) -> None:
    fill(client, {"s": {"type": "sparse_vector"}}, [{"s": weights} for weights in stored])
    expected = {
        str(number): sum(weights[token] * query[token] for token in weights.keys() & query.keys())
        for number, weights in enumerate(stored)
        if weights.keys() & query.keys()
    }
    answer = found(client, query={"sparse_vector": {"field": "s", "query_vector": query, "prune": False}})
    assert answer == {key: pytest.approx(score, rel=1e-5) for key, score in expected.items()}


@pytest.mark.parametrize(
    ("mode", "join"),
    [("avg", lambda s: sum(s) / len(s)), ("sum", sum), ("max", max), ("min", min), ("none", lambda s: 0.0)],
)
def test_scores_of_nested_objects_are_joined_as_asked(client: Elasticsearch, mode: str, join: Any) -> None:
    nested = {"type": "nested", "properties": {"n": {"type": "integer"}}}
    fill(client, {"c": nested}, [{"c": [{"n": 1}, {"n": 2}, {"n": 9}]}, {"c": []}, {"c": {"n": 2}}], segments=2)
    inner = {
        "bool": {
            "should": [{"constant_score": {"filter": {"term": {"c.n": number}}, "boost": number}} for number in (1, 2)]
        }
    }
    answer = found(client, query={"nested": {"path": "c", "query": inner, "score_mode": mode}})
    assert answer == {"0": pytest.approx(join([1, 2])), "2": pytest.approx(join([2]))}


def test_deleted_documents_are_not_found(client: Elasticsearch) -> None:
    fill(client, {"t": {"type": "text"}}, [{"t": "a"}, {"t": "a b"}, {"t": "b"}])
    client.delete(index="i", id="1", refresh=True)
    assert set(found(client, query={"match": {"t": "a"}})) == {"0"}
    assert set(found(client)) == {"0", "2"}
