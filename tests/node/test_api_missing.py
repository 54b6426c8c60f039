"""What Elasticsearch has and the pond has not is refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from headpond import connect
from headpond.node.api.missing import FEATURES
from headpond.node.mapping.missing import FIELD_TYPES


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    with connect("memory", max_retries=0) as client:
        client.indices.create(index="i")
        yield client


def refused(client: Elasticsearch, method: str, path: str, body: Any = None) -> dict[str, Any]:
    with pytest.raises(ApiError) as caught:
        client.perform_request(method, path, body=body, headers={"content-type": "application/json"})
    assert caught.value.meta.status == 501
    return dict(caught.value.body["error"])


@pytest.mark.parametrize(("feature", "paths"), FEATURES.items(), ids=FEATURES.keys())
def test_each_missing_feature_is_named(client: Elasticsearch, feature: str, paths: tuple[str, ...]) -> None:
    for path in paths:
        for below in ("", "/a", "/a/b"):
            error = refused(client, "POST", path.replace("{index}", "i") + below + "?anything=1", {"a": 1})
            assert error["type"] == "not_implemented_exception"
            assert error["reason"].startswith(feature)


@pytest.mark.parametrize("kind", sorted(FIELD_TYPES))
def test_each_missing_field_type_is_named(client: Elasticsearch, kind: str) -> None:
    error = refused(client, "PUT", "/other", {"mappings": {"properties": {"f": {"type": kind}}}})
    assert f"[{kind}] of [f]" in error["reason"]
    assert "dense_vector" in error["reason"], "the types that there are"


def test_an_unknown_field_type_is_a_mistake(client: Elasticsearch) -> None:
    with pytest.raises(BadRequestError, match="no_such_type"):
        client.indices.create(index="other", mappings={"properties": {"f": {"type": "no_such_type"}}})


@pytest.mark.parametrize(
    "body",
    [
        {"settings": {"index": {"mode": "time_series"}}},
        {"settings": {"blocks": {"write": True}}},
        {"settings": {"analysis": {"analyzer": {"a": {"type": "french"}}}}},
        {"settings": {"analysis": {"analyzer": {"a": {"tokenizer": "ngram"}}}}},
        {"settings": {"analysis": {"analyzer": {"a": {"tokenizer": "standard", "filter": ["synonym"]}}}}},
        {"mappings": {"_source": {"enabled": False}}},
        {"mappings": {"runtime": {"r": {"type": "keyword"}}}},
        {"mappings": {"dynamic": "runtime"}},
        {"mappings": {"properties": {"n": {"type": "nested", "include_in_root": True}}}},
        {"mappings": {"properties": {"k": {"type": "keyword", "norms": True}}}},
        {"mappings": {"properties": {"t": {"type": "text", "index_prefixes": {}}}}},
        {"mappings": {"properties": {"d": {"type": "date", "format": "YYYY-'W'ww"}}}},
    ],
    ids=str,
)
def test_options_that_would_change_something_are_refused(client: Elasticsearch, body: dict[str, Any]) -> None:
    assert "not supported by headpond" in refused(client, "PUT", "/other", body)["reason"]
    assert not client.indices.exists(index="other")


def test_the_same_options_with_their_usual_values_are_taken(client: Elasticsearch) -> None:
    settings = {"index.mode": "standard", "index.blocks.write": False}
    client.indices.create(index="usual", settings=settings, mappings={"_source": {"enabled": True}})
    assert client.indices.exists(index="usual")


@pytest.mark.parametrize("update", [{"script": "ctx._source.a = 1"}, {"script": {"source": "x"}, "upsert": {"a": 1}}])
def test_scripts_are_refused(client: Elasticsearch, update: dict[str, Any]) -> None:
    client.index(index="i", id="1", document={"a": 0})
    assert "[script]" in refused(client, "POST", "/i/_update/1", update)["reason"]
    assert client.get(index="i", id="1")["_source"] == {"a": 0}
