"""Sorting against Python's own, over several segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.node.search_client import fill, pond

QUICK = settings(max_examples=15)
JOINS: dict[str, Any] = {"min": min, "max": max, "sum": sum}


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with pond() as client:
        yield client


def order(client: Elasticsearch, **body: Any) -> list[str]:
    answer = client.search(index="i", body={"size": 100, "_source": False, **body})
    return [hit["_id"] for hit in answer["hits"]["hits"]]


@QUICK
@given(
    values=st.lists(st.lists(st.integers(-3, 3), max_size=3), min_size=1, max_size=10),
    mode=st.sampled_from(list(JOINS)),
    descending=st.booleans(),
    missing=st.sampled_from(["_first", "_last"]),
    segments=st.integers(1, 3),
)
def test_numbers_sort_by_mode_with_missing_ones_at_an_end(
    client: Elasticsearch, values: list[list[int]], mode: str, descending: bool, missing: str, segments: int
) -> None:
    fill(client, {"n": {"type": "long"}}, [{"n": list(value)} for value in values], segments=segments)
    chosen = {number: JOINS[mode](value) if value else None for number, value in enumerate(values)}
    present = sorted((number for number in chosen if chosen[number] is not None), key=lambda n: (chosen[n], n))
    if descending:
        present.sort(key=lambda n: (-chosen[n], n))
    absent = [number for number in chosen if chosen[number] is None]
    expected = absent + present if missing == "_first" else present + absent
    key = {"n": {"order": "desc" if descending else "asc", "mode": mode, "missing": missing}}
    assert order(client, sort=[key]) == [str(number) for number in expected]


@QUICK
@given(
    values=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), min_size=1, max_size=12),
    page=st.integers(1, 4),
    segments=st.integers(1, 3),
)
def test_search_after_walks_through_all_pages_once(
    client: Elasticsearch, values: list[tuple[str, int]], page: int, segments: int
) -> None:
    documents = [{"k": key, "n": number, "u": place} for place, (key, number) in enumerate(values)]
    properties = {"k": {"type": "keyword"}, "n": {"type": "integer"}, "u": {"type": "integer"}}
    fill(client, properties, documents, segments=segments)
    body: dict[str, Any] = {"sort": [{"k": "desc"}, "n", "u"], "size": page}
    seen: list[str] = []
    while hits := client.search(index="i", body=body)["hits"]["hits"]:
        seen += [hit["_id"] for hit in hits]
        body["search_after"] = hits[-1]["sort"]
    by_number = sorted(range(len(values)), key=lambda place: (values[place][1], place))
    expected = sorted(by_number, key=lambda place: values[place][0], reverse=True)
    assert seen == [str(place) for place in expected]


def test_several_indices_are_merged_by_value_and_ties_by_index_name(client: Elasticsearch) -> None:
    fill(client, {"n": {"type": "integer"}}, [{"n": 2}, {"n": 1}], index="b")
    fill(client, {"n": {"type": "integer"}}, [{"n": 1}, {"n": 3}], index="a")
    answer = client.search(index="b,a", sort=["n"], source=False)
    assert [(hit["_index"], hit["sort"]) for hit in answer["hits"]["hits"]] == [
        ("a", [1]),
        ("b", [1]),
        ("b", [2]),
        ("a", [3]),
    ]
    client.indices.delete(index="a,b")


def test_a_field_without_a_column_cannot_be_sorted_by(client: Elasticsearch) -> None:
    fill(client, {"t": {"type": "text"}}, [{"t": "a"}])
    answer = client.options(ignore_status=400).search(index="i", sort=["t"])
    assert answer["error"]["root_cause"][0]["reason"].startswith("Fielddata is disabled on [t] in [i].")
    assert answer["error"]["failed_shards"][0]["index"] == "i"
