"""`collapse`: the best document of each value of a field."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import PREFIX, fill
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

MAPPINGS: dict[str, Any] = {
    "properties": {
        "group": {"type": "keyword"},
        "number": {"type": "long"},
        "ratio": {"type": "float"},
        "half": {"type": "half_float"},
        "day": {"type": "date"},
        "flag": {"type": "boolean"},
        "text": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "bare": {"type": "keyword", "doc_values": False},
        "several": {"type": "keyword"},
        "parts": {"type": "nested", "properties": {"name": {"type": "keyword"}}},
    }
}
FIRST: dict[str, dict[str, Any]] = {
    "1": {"group": "a", "number": 1, "ratio": 1.5, "half": 1.1, "text": "mill river"},
    "2": {"group": "a", "number": 2, "text": "river river river", "several": ["p", "q"]},
    "3": {"group": "b", "number": 1, "ratio": 1.1, "text": "river"},
    "4": {"text": "river pond", "parts": [{"name": "x"}]},
    "5": {"text": "river", "number": 5},
    "6": {"group": "c", "number": 3, "text": "wheel"},
}
SECOND: dict[str, dict[str, Any]] = {
    "7": {"group": "a", "number": 7, "text": "river"},
    "8": {"group": "d", "number": 2, "text": "mill river"},
    "9": {"text": "river river", "flag": False},
}
RIVER: dict[str, Any] = {"query": {"match": {"text": "river"}}}
GROUP: dict[str, Any] = {"collapse": {"field": "group"}}

SEARCHES: dict[str, dict[str, Any]] = {
    "keyword": {**RIVER, **GROUP},
    "long": {**RIVER, "collapse": {"field": "number"}},
    "float": {**RIVER, "collapse": {"field": "ratio"}},
    "half-float": {**RIVER, "collapse": {"field": "half"}},
    "subfield": {**RIVER, "collapse": {"field": "text.raw"}},
    "field-of-nested-objects": {**RIVER, "collapse": {"field": "parts.name"}},
    "everything": GROUP,
    "one": {**RIVER, **GROUP, "size": 1},
    "page": {**RIVER, **GROUP, "from": 1, "size": 1},
    "beyond-the-end": {**RIVER, **GROUP, "from": 7},
    "none": {**RIVER, **GROUP, "size": 0},
    "sorted": {**RIVER, **GROUP, "sort": [{"number": "desc"}]},
    "sorted-by-two": {**GROUP, "sort": [{"group": {"order": "desc", "missing": "_first"}}, "number"]},
    "sorted-with-scores": {**RIVER, **GROUP, "sort": ["number"], "track_scores": True},
    "after": {**GROUP, "sort": ["group"], "search_after": ["a"]},
    "least-score": {**RIVER, **GROUP, "min_score": 0.1},
    "post-filter": {**RIVER, **GROUP, "post_filter": {"term": {"number": 1}}},
    "rescored": {**RIVER, **GROUP, "rescore": {"window_size": 9, "query": {"rescore_query": {"match_all": {}}}}},
    "with-fields": {**RIVER, **GROUP, "fields": ["number", "group"]},
    "with-columns": {**RIVER, **GROUP, "docvalue_fields": ["number", "group"]},
    "without-source": {**RIVER, **GROUP, "_source": False},
    "nothing-stored": {**RIVER, **GROUP, "stored_fields": "_none_"},
    "no-total": {**RIVER, **GROUP, "track_total_hits": False},
    "terminated": {**RIVER, **GROUP, "terminate_after": 1},
    "concurrency": {**RIVER, "collapse": {"field": "group", "max_concurrent_group_searches": 2}},
    "in-a-retriever": {"retriever": {"standard": RIVER}, **GROUP},
}
REFUSED: dict[str, dict[str, Any]] = {
    "date": {"collapse": {"field": "day"}},
    "boolean": {"collapse": {"field": "flag"}},
    "text": {"collapse": {"field": "text"}},
    "id": {"collapse": {"field": "_id"}},
    "without-columns": {"collapse": {"field": "bare"}},
    "unmapped": {"collapse": {"field": "nowhere"}},
    "after-another-field": {**GROUP, "sort": ["number"], "search_after": [1]},
    "after-two-fields": {**GROUP, "sort": ["group", "number"], "search_after": ["a", 1]},
    "unknown-member": {"collapse": {"field": "group", "foo": 1}},
    "field-is-a-number": {"collapse": {"field": 1}},
    "a-list": {"collapse": [{"field": "group"}]},
}


@pytest.fixture(scope="module")
def indices(es: Elasticsearch) -> Iterator[tuple[str, str]]:
    names = (f"{PREFIX}collapse-1", f"{PREFIX}collapse-2")
    for name, docs in zip(names, (FIRST, SECOND), strict=True):
        es.indices.delete(index=name, ignore_unavailable=True)
        es.indices.create(index=name, mappings=MAPPINGS)
        fill(es, name, docs)
    yield names
    for name in names:
        es.indices.delete(index=name)


@pytest.mark.parametrize("name", SEARCHES)
def test_one_index(es: Elasticsearch, indices: tuple[str, str], recorded: Recorded, name: str) -> None:
    recorded("hits", es.search(index=indices[0], **_python(SEARCHES[name]))["hits"])


@pytest.mark.parametrize("name", ["keyword", "long", "everything", "page", "sorted", "sorted-by-two"])
def test_two_indices(es: Elasticsearch, indices: tuple[str, str], recorded: Recorded, name: str) -> None:
    recorded("hits", es.search(index=list(indices), **_python(SEARCHES[name]))["hits"])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(es: Elasticsearch, indices: tuple[str, str], recorded: Recorded, name: str) -> None:
    recorded("refusal", refusal(es.search, index=indices[0], **_python(REFUSED[name])))


def test_a_document_with_two_values_is_refused(es: Elasticsearch, indices: tuple[str, str]) -> None:
    with pytest.raises(ApiError, match="the grouping field must be single valued"):
        es.search(index=indices[0], collapse={"field": "several"})
    found = es.search(index=indices[0], collapse={"field": "several"}, query={"term": {"group": "b"}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["3"]


def test_few_groups_of_many_documents(es: Elasticsearch, index: str, recorded: Recorded) -> None:
    es.indices.create(index=index, mappings=MAPPINGS)
    fill(es, index, [{"group": "abc"[at > 150], "number": at, "text": "mill"} for at in range(200)])
    for size in (1, 2, 10):
        found = es.search(index=index, size=size, sort="number", **GROUP)["hits"]["hits"]
        recorded(f"{size}", [(hit["_id"], hit["fields"], hit["sort"]) for hit in found])


def _python(body: dict[str, Any]) -> dict[str, Any]:
    """The body as the client's method takes it."""
    return {"from_" if name == "from" else name: value for name, value in body.items()}
