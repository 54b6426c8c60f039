"""Documents and random retriever trees for tests of the client's retrievers."""

from __future__ import annotations

import random
from typing import Any

from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from headpond.pipeline.load import from_dict
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import Answer, Body, IndexSearches

INDEX = "fused"
OTHER = "fused-too"
WORDS = ("mill", "pond", "weir", "river", "wheel", "dam")
MAPPINGS: dict[str, Any] = {
    "properties": {
        "title": {"type": "text"},
        "body": {"type": "text"},
        "kind": {"type": "keyword"},
        "v": {"type": "dense_vector", "dims": 3, "index_options": {"type": "hnsw"}},
        "s": {"type": "sparse_vector"},
    }
}

generated = settings(
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Many examples, the same every time, none kept and none made smaller."""


def documents(number: int, seed: int = 5) -> dict[str, dict[str, Any]]:
    """Short documents of few words, so that scores are often equal; ids are in no order."""
    rng = random.Random(seed)
    names = rng.sample(range(1000), number)
    return {
        f"d{name}": {
            "title": " ".join(rng.choices(WORDS, k=2)),
            "body": " ".join(rng.choices(WORDS, k=rng.choice([3, 5]))),
            "kind": rng.choice("xyz"),
            "v": rng.choice([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 2, 3]]),
            "s": {rng.choice(WORDS): rng.choice([0.5, 1.0, 2.0])},
        }
        for name in names
    }


def index(client: Elasticsearch, name: str, docs: dict[str, dict[str, Any]]) -> None:
    """Makes the index anew."""
    client.indices.delete(index=name, ignore_unavailable=True)
    client.indices.create(index=name, mappings=MAPPINGS)
    operations = [part for id, doc in docs.items() for part in ({"index": {"_id": id}}, doc)]
    assert not client.bulk(index=name, operations=operations, refresh=True)["errors"]


def run(client: Elasticsearch, body: Body, name: str = INDEX, *, explain: bool = False) -> Answer:
    """The answer of a pipeline without processors; with `explain` nothing is left to the target."""
    searcher = Searcher(from_dict({"search": {"query": {"match_all": {}}}}, name="none"), client)
    return searcher.run(IndexSearches(client, name), body, explain=explain)


def hits(answer: Any) -> list[tuple[str, str, float]]:
    """Index, id and score of every hit."""
    return [(hit["_index"], hit["_id"], hit["_score"]) for hit in answer["hits"]["hits"]]


text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
queries = st.one_of(
    st.builds(lambda field, words: {"match": {field: words}}, st.sampled_from(["title", "body"]), text),
    st.builds(lambda kind: {"term": {"kind": kind}}, st.sampled_from("xyz")),
    st.builds(lambda word: {"sparse_vector": {"field": "s", "query_vector": {word: 1.0}}}, st.sampled_from(WORDS)),
    st.just({"match_all": {}}),
)
filters = st.none() | st.builds(lambda kind: {"term": {"kind": kind}}, st.sampled_from("xyz"))


def _with(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return options | {key: value for key, value in more.items() if value is not None}


leaves = st.one_of(
    st.builds(lambda query, only: {"standard": _with({"query": query}, filter=only)}, queries, filters),
    st.builds(
        lambda vector, k, only: {
            "knn": _with({"field": "v", "query_vector": vector, "k": k, "num_candidates": 50}, filter=only)
        },
        st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=3, max_size=3),
        st.integers(1, 20),
        filters,
    ),
)


def compound(below: st.SearchStrategy[Any], window: int) -> st.SearchStrategy[Any]:
    """`rrf`, `linear`, and rescorers around them."""
    some = st.lists(below, min_size=1, max_size=3)
    weights = st.sampled_from([0.0, 0.5, 1.0, 2.0])
    weighted = st.builds(lambda leg, weight: {"retriever": leg, "weight": weight}, below, weights)
    rrf = st.builds(
        lambda legs, constant, only: {
            "rrf": _with({"retrievers": legs, "rank_window_size": window, "rank_constant": constant}, filter=only)
        },
        some | st.lists(weighted, min_size=1),
        st.sampled_from([1, 60]),
        filters,
    )
    component = st.builds(
        lambda leg, weight, scale: {"retriever": leg, "weight": weight, "normalizer": scale},
        below,
        weights,
        st.sampled_from(["none", "minmax", "l2_norm"]),
    )
    linear = st.builds(
        lambda legs, only, least: {
            "linear": _with({"retrievers": legs, "rank_window_size": window}, filter=only, min_score=least)
        },
        st.lists(component, min_size=1, max_size=3),
        filters,
        st.sampled_from([None, None, 0.5]),
    )
    rescore = st.builds(
        lambda query, first, second, mode: {
            "window_size": window,
            "query": {
                "rescore_query": query, "query_weight": first, "rescore_query_weight": second, "score_mode": mode,
            },
        },
        queries,
        weights,
        weights,
        st.sampled_from(["total", "multiply", "avg", "max", "min"]),
    )  # fmt: skip
    rescorer = st.builds(
        lambda inner, rescores: {"rescorer": {"retriever": inner, "rescore": rescores}},
        rrf,
        st.lists(rescore, min_size=1, max_size=2),
    )
    return rrf | linear | rescorer


trees = compound(leaves | compound(leaves, 15), 15)
