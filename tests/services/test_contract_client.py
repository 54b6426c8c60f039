"""The official client's `inference` methods against every service: its own `put_*`, and the one of its task type."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from headpond.node.inference import SERVICES
from headpond.services._known import ELASTICSEARCH_SERVICES
from tests.services.case import Case, all_cases
from tests.services.provider import Provider
from tests.services.published import FOLDER, answered, document, misfits, needs_schemas, resolve

InferenceClient = type(Elasticsearch("http://nobody.invalid:9200").inference)
EVERY = pytest.mark.parametrize("case", all_cases(), ids=str)


def _of_service(method: Callable[..., Any]) -> str | None:
    """The service that a `put_*` of the client is for."""
    named = inspect.signature(method).parameters.get("service")
    found = re.search(r"Literal\['([^']+)'\]|Literal\[\"([^\"]+)\"\]", str(named.annotation)) if named else None
    return (found[1] or found[2]) if found else None


METHODS = {
    service: name for name, method in inspect.getmembers(InferenceClient, inspect.isfunction)
    if (service := _of_service(method))
}  # fmt: skip
"""Service -> the client's method that makes its endpoints."""


def test_the_client_has_a_method_for_every_service_of_elasticsearch() -> None:
    assert len(METHODS) > 25
    assert set(SERVICES) - set(METHODS) == {"fake"}


@needs_schemas
def test_what_services_do_in_elasticsearch_is_what_its_specification_says() -> None:
    """Elastic's own service has no `put_*`."""
    published = {}
    for service, method in METHODS.items():
        part = method.removeprefix("put_").replace("_", "")
        operation = document("elasticsearch")["paths"][f"/_inference/{{task_type}}/{{{part}_inference_id}}"]["put"]
        (schema,) = (found["schema"] for found in operation["parameters"] if found.get("name") == "task_type")
        published[service] = set(resolve(document("elasticsearch"), schema)["enum"])
    known = {service: set(types) for service, types in ELASTICSEARCH_SERVICES.items() if service != "elastic"}
    assert known == published


def test_a_service_does_all_that_it_does_in_elasticsearch() -> None:
    """The exception is the task type `embedding`, which no service has yet."""
    here = {name: {str(kind) for kind in SERVICES.get(name).task_types} for name in SERVICES}
    for name in here.keys() & ELASTICSEARCH_SERVICES.keys():
        missing = {str(kind) for kind in SERVICES.get(name).missing_task_types} | {"embedding"}
        assert set(ELASTICSEARCH_SERVICES[name]) - missing <= here[name], name


@pytest.mark.parametrize("service", sorted(set(METHODS) - set(SERVICES)))
def test_a_service_that_headpond_has_not_is_refused_by_name(client: Elasticsearch, service: str) -> None:
    with pytest.raises(ApiError) as caught:
        _put(client, service, "completion", {})
    assert caught.value.meta.status == 501
    assert caught.value.body["error"]["reason"] == f"the service [{service}] is not implemented by headpond"


def _put(client: Elasticsearch, service: str, task_type: str, config: dict[str, Any]) -> Any:
    method = getattr(client.inference, METHODS[service])
    (name,) = (name for name in inspect.signature(method).parameters if name.endswith("_inference_id"))
    body = {"service": service, "service_settings": {}, **config}
    return method(task_type=task_type, **{name: "e"}, **body).body


@EVERY
def test_its_own_method_makes_an_endpoint_that_every_other_method_takes(
    client: Elasticsearch, provider: Provider, case: Case
) -> None:
    provider.always = case.answer
    stored = _put(client, case.service, case.task_type, case.config(provider.url))
    inference = client.inference
    assert inference.get(inference_id="e").body == {"endpoints": [stored]}
    assert stored in inference.get(task_type=case.task_type).body["endpoints"]
    _check_schemas(client, case, stored)
    if case.task_type != "chat_completion":
        body: dict[str, Any] = {"input": "a b"} if case.task_type == "completion" else {"input": ["a", "bcd"]}
        if case.task_type == "rerank":
            body["query"] = "q"
        answer = getattr(inference, case.task_type)(inference_id="e", **body, timeout="60s").body
        assert inference.inference(inference_id="e", **body).body == answer
        assert inference.inference(inference_id="e", task_type=case.task_type, **body).body == answer
    secrets = {name: value for name, value in case.settings(provider.url).items() if name in case.secrets}
    changed = {"service_settings": secrets} if secrets else {"task_settings": dict(case.task_settings)}
    assert inference.update(inference_id="e", task_type=case.task_type, inference_config=changed).body == stored
    deleted = inference.delete(inference_id="e", task_type=case.task_type, force=True).body
    assert deleted == {"acknowledged": True, "pipelines": [], "indexes": []}


UNPUBLISHED = {"hugging_face-sparse_embedding", "watsonxai-rerank"}
"""What Elasticsearch's code takes and its specification of the one method forgets."""


def _check_schemas(client: Elasticsearch, case: Case, stored: Any) -> None:
    """What the pond shows of an endpoint fits what Elasticsearch publishes about it."""
    if not FOLDER.is_dir():
        return  # said once, by the tests of the schemas
    part = METHODS[case.service].removeprefix("put_").replace("_", "")
    paths = [f"/_inference/{{task_type}}/{{{part}_inference_id}}", "/_inference/{task_type}/{inference_id}"]
    for path in paths[str(case) in UNPUBLISHED :]:
        assert misfits(document("elasticsearch"), answered("elasticsearch", path, "put"), stored) == [], path
