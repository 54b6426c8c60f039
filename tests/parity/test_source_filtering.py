from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from headpond.testing.recording import Recorded
from tests.parity.conftest import MakeIndex
from tests.parity.refusal import refusal

pytestmark = pytest.mark.parity

ONE = {"ids": {"values": ["mills"]}}
SOURCES: dict[str, Any] = {
    "true": True,
    "false": False,
    "one-name": "title",
    "list": ["title", "year"],
    "object": {"includes": ["p*"], "excludes": ["price"]},
    "includes-only": {"includes": "publisher.city"},
    "excludes-only": {"excludes": ["publisher", "summary"]},
    "pattern": ["publisher.*"],
    "pattern-in-the-middle": ["p*ed"],
    "whole-object": ["publisher"],
    "nothing-matches": ["nothing"],
    "empty-list": [],
    "star": ["*"],
    "exclude-wins": {"includes": ["title"], "excludes": ["title"]},
    "exclude-a-member": {"excludes": ["publisher.name"]},
    "exclude-all-members": {"excludes": ["publisher.*"]},
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_search_shows_the_parts_of_the_source_asked_for(
    es: Elasticsearch, books: str, recorded: Recorded, source: Any
):
    recorded("hit", es.search(index=books, query=ONE, source=source))


def test_parts_inside_arrays_of_objects(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(None, [{"parts": [{"a": 1, "b": 2}, {"b": 3}, None], "x": {"y": {"z": 1, "w": 2}}}])
    for source in (["parts.a"], {"excludes": ["parts.b"]}, ["x.y.z"], {"excludes": ["x.y.z"]}, ["x.*.w"], ["*.y"]):
        label = str(source).replace("'", "")
        recorded(label, es.search(index=name, source=source))


def test_source_may_be_asked_for_in_the_address(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("includes", es.search(index=books, query=ONE, source_includes=["title", "tags"]))
    recorded("excludes", es.search(index=books, query=ONE, source_excludes=["s*", "p*"]))


def test_a_wrong_source_is_refused(es: Elasticsearch, books: str, recorded: Recorded):
    recorded("number", refusal(es.search, index=books, body={"_source": 3}))
    recorded("unknown key", refusal(es.search, index=books, body={"_source": {"only": ["title"]}}))


VECTORS: dict[str, Any] = {
    "default": None,
    "true": True,
    "list": ["title", "v"],
    "with-vectors": {"exclude_vectors": False},
    "without-vectors": {"exclude_vectors": True},
    "with-vectors-and-includes": {"exclude_vectors": False, "includes": ["v", "chunks"]},
    "with-vectors-and-excludes": {"exclude_vectors": False, "excludes": ["s"]},
}


@pytest.fixture
def with_vectors(make_index: MakeIndex) -> str:
    vector = {"type": "dense_vector", "dims": 2, "index_options": {"type": "flat"}}
    chunks = {"type": "nested", "properties": {"v": vector, "text": {"type": "text"}}}
    return make_index(
        {"properties": {"title": {"type": "text"}, "v": vector, "s": {"type": "sparse_vector"}, "chunks": chunks}},
        [
            {
                "title": "weir",
                "v": [0.5, 0.25],
                "s": {"a": 1.5},
                "chunks": [{"v": [1, 0], "text": "x"}, {"text": "no vector"}],
            },
            {"title": "mill"},
        ],
    )


@pytest.mark.parametrize("source", VECTORS.values(), ids=VECTORS.keys())
def test_vectors_are_left_out_unless_asked_for(es: Elasticsearch, with_vectors: str, recorded: Recorded, source: Any):
    recorded("hits", es.search(index=with_vectors, source=source))


def test_get_leaves_vectors_out_unless_asked_for(es: Elasticsearch, with_vectors: str, recorded: Recorded):
    recorded("get", es.get(index=with_vectors, id="1"))
    recorded("get with vectors", es.get(index=with_vectors, id="1", source_exclude_vectors=False))
    recorded("mget", es.mget(index=with_vectors, ids=["1"]))
    recorded("source", es.get_source(index=with_vectors, id="1"))


def test_vectors_may_be_kept_in_the_source_by_a_setting(es: Elasticsearch, make_index: MakeIndex, recorded: Recorded):
    name = make_index(
        {"properties": {"v": {"type": "dense_vector", "dims": 2}}},
        [{"v": [1, 0.5]}],
        settings={"index.mapping.exclude_source_vectors": False},
    )
    recorded("hits", es.search(index=name))


FIELDS: dict[str, Any] = {
    "names": ["title", "year", "publisher.city"],
    "pattern": ["p*"],
    "subfield": ["title.keyword"],
    "dates": ["published"],
    "date-format": [{"field": "published", "format": "yyyy"}],
    "milliseconds": [{"field": "published", "format": "epoch_millis"}],
    "missing": ["nothing"],
    "all": ["*"],
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS.keys())
def test_fields_are_shown_as_lists_of_values(es: Elasticsearch, books: str, recorded: Recorded, fields: Any):
    query = {"ids": {"values": ["mills", "floods"]}}
    recorded("hits", es.search(index=books, query=query, fields=fields, source=False))
