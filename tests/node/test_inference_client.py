"""Every method of the official client's `inference`, against the pond; `put_<service>`: `tests/services`."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond import connect

FAKE: dict[str, Any] = {"service": "fake", "service_settings": {}}
TEXTS = ["a b", "c"]
TYPES = ("text_embedding", "sparse_embedding", "rerank", "completion", "chat_completion")


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    """In front of a pond that has one endpoint of each task type, called as the type."""
    with connect("memory") as client:
        for task_type in TYPES:
            client.inference.put(inference_id=task_type, task_type=task_type, inference_config=FAKE)
        yield client


def _put_and_delete(client: Elasticsearch) -> Any:
    stored = client.inference.put(
        inference_id="new", inference_config={**FAKE, "task_type": "rerank"}, timeout="20s"
    ).body
    assert client.inference.delete(inference_id="new", task_type="rerank", dry_run=True)["acknowledged"] is False
    assert client.inference.delete(inference_id="new", task_type="rerank", dry_run=False, force=True)["acknowledged"]
    return stored


METHODS: dict[str, tuple[Callable[[Elasticsearch], Any], set[str]]] = {
    "get": (lambda client: client.inference.get(task_type="rerank").body, {"endpoints"}),
    "put": (_put_and_delete, {"inference_id", "task_type", "service", "service_settings"}),
    "delete": (_put_and_delete, {"inference_id", "task_type", "service", "service_settings"}),
    "update": (
        lambda client: (
            client.inference.update(
                inference_id="rerank",
                task_type="rerank",
                inference_config={"task_settings": {"top_n": 7}},
                timeout="20s",
            ).body
        ),
        {"inference_id", "task_type", "service", "service_settings", "task_settings"},
    ),
    "inference": (
        lambda client: (
            client.inference.inference(
                inference_id="rerank", task_type="rerank", input=TEXTS, query="c", task_settings={}, timeout="20s"
            ).body
        ),
        {"rerank"},
    ),
    "text_embedding": (
        lambda client: (
            client.inference.text_embedding(
                inference_id="text_embedding", input=TEXTS, input_type="ingest", task_settings={}, timeout="20s"
            ).body
        ),
        {"text_embedding"},
    ),
    "sparse_embedding": (
        lambda client: (
            client.inference.sparse_embedding(
                inference_id="sparse_embedding", input=TEXTS, task_settings={}, timeout="20s"
            ).body
        ),
        {"sparse_embedding"},
    ),
    "rerank": (
        lambda client: (
            client.inference.rerank(
                inference_id="rerank",
                input=TEXTS,
                query="c",
                return_documents=True,
                top_n=1,
                task_settings={},
                timeout="20s",
            ).body
        ),
        {"rerank"},
    ),
    "completion": (
        lambda client: (
            client.inference.completion(
                inference_id="completion", input="a b", task_settings={}, timeout="20s"
            ).body
        ),
        {"completion"},
    ),
}  # fmt: skip

NOT_IMPLEMENTED: dict[str, Callable[[Elasticsearch], Any]] = {
    "embedding": lambda client: client.inference.embedding(inference_id="text_embedding", embedding={"input": "a"}),
    "get_region_policy": lambda client: client.inference.get_region_policy(),
    "put_region_policy": lambda client: client.inference.put_region_policy(region_policy={"allowed_geos": ["eu"]}),
    "delete_region_policy": lambda client: client.inference.delete_region_policy(),
}


def test_no_method_of_the_client_is_forgotten(client: Elasticsearch) -> None:
    methods = {name for name, _ in inspect.getmembers(type(client.inference), inspect.isfunction) if name[0] != "_"}
    of_services = {name for name in methods if name.startswith("put_") and name != "put_region_policy"}
    assert methods - of_services - {"perform_request"} == METHODS.keys() | NOT_IMPLEMENTED.keys()
    assert len(of_services) > 25


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_is_answered(client: Elasticsearch, name: str) -> None:
    call, members = METHODS[name]
    assert set(call(client)) == members


@pytest.mark.parametrize("name", sorted(NOT_IMPLEMENTED))
def test_what_the_pond_has_not_is_refused_by_name(client: Elasticsearch, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client calls some of these experimental
        with pytest.raises(ApiError) as caught:
            NOT_IMPLEMENTED[name](client)
    assert caught.value.meta.status == 501
    assert caught.value.body["error"]["type"] == "not_implemented_exception"
