"""Who may do what with ingest pipelines: whoever may write an index may use any, and gains nothing by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import AuthorizationException, Elasticsearch

from headpond.node import Node
from headpond.node.serve import serving

PASSWORD = "labpass-1"


@pytest.fixture
def url() -> Iterator[str]:
    node = Node(None, security=True, password=PASSWORD)
    with serving(node) as url:
        yield url
    node.close()


@pytest.fixture
def elastic(url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(url, basic_auth=("elastic", PASSWORD)) as client:
        client.indices.create(index="secret")
        client.indices.create(index="lib")
        client.inference.put(
            inference_id="dense",
            task_type="text_embedding",
            inference_config={"service": "fake", "service_settings": {"dimensions": 8}},
        )
        pair = {"input_field": "body", "output_field": "vector"}
        client.ingest.put_pipeline(id="embeds", processors=[{"inference": {"model_id": "dense", "input_output": pair}}])
        client.ingest.put_pipeline(id="away", processors=[{"set": {"field": "_index", "value": "secret"}}])
        yield client


@pytest.fixture
def writer(url: str, elastic: Elasticsearch) -> Iterator[Elasticsearch]:
    """May write `lib*` and nothing else."""
    elastic.security.put_role(name="writer", indices=[{"names": ["lib*"], "privileges": ["write", "read"]}])
    elastic.security.put_user(username="writer", password=PASSWORD, roles=["writer"])
    with Elasticsearch(url, basic_auth=("writer", PASSWORD)) as client:
        yield client


def test_a_writer_may_use_pipelines_that_he_may_neither_see_nor_change(writer: Elasticsearch) -> None:
    writer.index(index="lib", id="1", document={"body": "a mill"}, pipeline="embeds")
    assert len(writer.get(index="lib", id="1", source_exclude_vectors=False)["_source"]["vector"]) == 8
    for forbidden in (
        lambda: writer.ingest.get_pipeline(id="embeds"),
        lambda: writer.ingest.put_pipeline(id="mine", processors=[]),
        lambda: writer.ingest.delete_pipeline(id="embeds"),
        lambda: writer.ingest.simulate(id="embeds", docs=[{"_source": {"body": "a"}}]),
        lambda: writer.inference.inference(inference_id="dense", input="a"),
    ):
        with pytest.raises(AuthorizationException):
            forbidden()


def test_a_pipeline_takes_no_document_to_an_index_that_its_sender_may_not_write(
    writer: Elasticsearch, elastic: Elasticsearch
) -> None:
    with pytest.raises(AuthorizationException, match="secret"):
        writer.index(index="lib", id="1", document={}, pipeline="away")
    lines: list[dict[str, Any]] = [{"index": {"_id": "1", "pipeline": "away"}}, {}, {"index": {"_id": "2"}}, {}]
    answer = writer.bulk(index="lib", operations=lines)
    first, second = (item["index"] for item in answer["items"])
    assert (first["status"], first["error"]["type"]) == (403, "security_exception")
    assert second["status"] == 201
    elastic.indices.refresh(index="secret")
    assert elastic.count(index="secret")["count"] == 0
    elastic.index(index="lib", id="3", document={}, pipeline="away")
    assert elastic.exists(index="secret", id="3")


def test_a_role_for_pipelines_writes_no_documents_and_asks_no_endpoints(url: str, elastic: Elasticsearch) -> None:
    elastic.security.put_role(name="plumber", cluster=["manage_ingest_pipelines"])
    elastic.security.put_user(username="plumber", password=PASSWORD, roles=["plumber"])
    with Elasticsearch(url, basic_auth=("plumber", PASSWORD)) as client:
        client.ingest.put_pipeline(id="mine", processors=[{"set": {"field": "a", "value": 1}}])
        assert client.ingest.simulate(id="mine", docs=[{"_source": {}}])["docs"][0]["doc"]["_source"] == {"a": 1}
        client.ingest.delete_pipeline(id="mine")
        with pytest.raises(AuthorizationException):
            client.index(index="lib", id="1", document={}, pipeline="embeds")
        with pytest.raises(AuthorizationException):
            client.inference.inference(inference_id="dense", input="a")


def test_an_api_key_narrows_its_owner(url: str, elastic: Elasticsearch) -> None:
    descriptor = {"only": {"cluster": ["read_pipeline"], "indices": [{"names": ["lib"], "privileges": ["index"]}]}}
    made = elastic.security.create_api_key(name="k", role_descriptors=descriptor)
    with Elasticsearch(url, api_key=made["encoded"]) as client:
        assert sorted(client.ingest.get_pipeline().body) == ["away", "embeds"]
        client.index(index="lib", id="1", document={"body": "a"}, pipeline="embeds")
        with pytest.raises(AuthorizationException):
            client.ingest.put_pipeline(id="p", processors=[])
        with pytest.raises(AuthorizationException):
            client.index(index="lib", id="1", document={}, pipeline="away")
