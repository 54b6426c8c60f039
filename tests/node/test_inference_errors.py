"""Statuses and reasons of the `_inference` API before any service is called, row by row."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from elasticsearch import BadRequestError, Elasticsearch

from headpond import connect
from headpond.node import Node
from headpond.node.http import Request

FAKE = {"service": "fake", "service_settings": {}}
PARSER = "[cluster:internal/xpack/inference]"


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    node = Node()
    for task_type in ("text_embedding", "sparse_embedding", "rerank"):
        answer = call(node, "PUT", f"/_inference/{task_type}/{task_type.replace('_', '-')}", FAKE)
        assert "error" not in answer
    yield node
    node.close()


def call(node: Node, method: str, target: str, body: Any = None) -> Any:
    path, _, query = target.partition("?")
    parameters = dict(pair.split("=") for pair in query.split("&")) if query else {}
    content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    headers = {"content-type": "application/json"} if content else {}
    return orjson.loads(node.handle(Request(method, path, parameters, headers, content)).body)


def refusal(kind: str, reason: str, status: int = 400, cause: dict[str, str] | None = None) -> dict[str, Any]:
    """The whole error body, as Elasticsearch writes it; a cause of Java's own is no root cause."""
    error: dict[str, Any] = {"type": kind, "reason": reason}
    nested = {"caused_by": cause} if cause else {}
    return {"error": {"root_cause": [dict(error)], **error, **nested}, "status": status}


STATUS = "status_exception"
VALIDATION = "action_request_validation_exception"
SETTINGS = "validation_exception"
NOT_FOUND = "resource_not_found_exception"
PARSE = "x_content_parse_exception"
ILLEGAL = "illegal_argument_exception"


@pytest.mark.parametrize(
    ("method", "target", "body", "expected"),
    [
        ("POST", "/_inference/rerank", None, refusal("parse_exception", "request body is required")),
        ("PUT", "/_inference/rerank/x", None, refusal("parse_exception", "request body is required")),
        ("POST", "/_inference/nope", {"input": "a"}, refusal(NOT_FOUND, "Inference endpoint not found [nope]", 404)),
        ("GET", "/_inference/nope", None, refusal(NOT_FOUND, "Inference endpoint not found [nope]", 404)),
        ("DELETE", "/_inference/nope", None, refusal(NOT_FOUND, "Inference endpoint not found [nope]", 404)),
        ("GET", "/_inference/.nope", None, refusal(NOT_FOUND, "Inference endpoint not found [.nope]", 404)),
        (
            "PUT",
            "/_inference/nope/_update",
            {"task_settings": {}},
            refusal(NOT_FOUND, "The inference endpoint [nope] does not exist and cannot be updated", 404),
        ),
        ("POST", "/_inference/bogus/rerank", {"input": "a"}, refusal(STATUS, "Unknown task_type [bogus]")),
        ("GET", "/_inference/bogus/_all", None, refusal(STATUS, "Unknown task_type [bogus]")),
        ("PUT", "/_inference/bogus/x", FAKE, refusal(STATUS, "Unknown task_type [bogus]")),
        (
            "POST",
            "/_inference/rerank/text-embedding",
            {"input": "a", "query": "q"},
            refusal(
                STATUS,
                "Incompatible task_type, the requested type [rerank] does not match the model type [text_embedding]",
            ),
        ),
        (
            "GET",
            "/_inference/text_embedding/sparse-embedding",
            None,
            refusal(
                STATUS,
                "Requested task type [text_embedding] does not match the inference endpoint's task type"
                " [sparse_embedding]",
            ),
        ),
        (
            "DELETE",
            "/_inference/rerank/sparse-embedding",
            None,
            refusal(
                STATUS,
                "Requested task type [rerank] does not match the inference endpoint's task type [sparse_embedding]",
            ),
        ),
        (
            "PUT",
            "/_inference/rerank/sparse-embedding/_update",
            {"task_settings": {}},
            refusal(STATUS, "Task type must match the task type of the existing endpoint"),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {"service": "foo", "service_settings": {}},
            refusal(STATUS, "Unknown service [foo]"),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {"service_settings": {}},
            refusal(STATUS, "Inference endpoint configuration is missing the [service] setting"),
        ),
        (
            "PUT",
            "/_inference/x",
            {"service": "fake", "service_settings": {}},
            refusal(STATUS, "model is missing required setting [task_type]"),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {**FAKE, "task_type": "text_embedding"},
            refusal(
                STATUS,
                "Cannot resolve conflicting task_type parameter in the request URL [rerank] and the request body"
                " [text_embedding]",
            ),
        ),
        (
            "PUT",
            "/_inference/rerank/rerank",
            FAKE,
            refusal("resource_already_exists_exception", "Inference endpoint [rerank] already exists"),
        ),
        (
            "PUT",
            "/_inference/rerank/My-Ep",
            FAKE,
            refusal(
                VALIDATION,
                "Validation Failed: 1: Invalid inference_id; 'My-Ep' can contain lowercase alphanumeric (a-z and 0-9),"
                " hyphens or underscores; must start and end with alphanumeric;",
            ),
        ),
        (
            "PUT",
            "/_inference/sparse_embedding/.elser-2-elasticsearch",
            FAKE,
            refusal(
                VALIDATION,
                "Validation Failed: 1: Invalid inference_id; '.elser-2-elasticsearch' can contain lowercase"
                " alphanumeric (a-z and 0-9), hyphens or underscores; must start and end with alphanumeric;",
            ),
        ),
        (
            "PUT",
            "/_inference/sparse_embedding/x",
            {"service": "cohere", "service_settings": {}},
            refusal(STATUS, "The [cohere] service does not support task type [sparse_embedding]"),
        ),
        (
            "PUT",
            "/_inference/sparse_embedding/x",
            {"service": "cohere", "service_settings": {"api_key": "k", "model_id": "m"}},
            refusal(STATUS, "The [cohere] service does not support task type [sparse_embedding]"),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {**FAKE, "foo": 1},
            refusal(STATUS, "Model configuration contains settings [{foo=1}] unknown to the [fake] service"),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {"service": "fake", "service_settings": {"foo": {"a": [1, True]}}},
            refusal(
                STATUS, "Model configuration contains settings [{foo={a=[1, true]}}] unknown to the [fake] service"
            ),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {**FAKE, "chunking_settings": {"strategy": "none"}},
            refusal(
                STATUS,
                "Model configuration contains settings [{chunking_settings={strategy=none}}] unknown to the [fake]"
                " service",
            ),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {"service": "fake"},
            refusal(STATUS, "Missing required field [service_settings]"),
        ),
        (
            "PUT",
            "/_inference/rerank/x",
            {"service": "fake", "service_settings": 3},
            refusal(
                STATUS,
                "field [service_settings] is not of the expected type. The value [3] cannot be converted to a [Map]",
            ),
        ),
        (
            "PUT",
            "/_inference/text_embedding/x",
            {"service": "openai", "service_settings": {}},
            refusal(
                SETTINGS,
                "Validation Failed: 1: [service_settings] must have exactly one of [api_key] or [client_secret] field"
                " set;2: [service_settings] does not contain the required setting [model_id];",
            ),
        ),
        (
            "PUT",
            "/_inference/text_embedding/x",
            {**FAKE, "chunking_settings": {"strategy": "sentence", "max_chunk_size": 50, "overlap": 1}},
            refusal(
                SETTINGS,
                "Validation Failed: 1: Sentence based chunking settings can not have the following settings:"
                " [overlap];",
            ),
        ),
        ("PUT", "/_inference/rerank/_update", {}, refusal(STATUS, "Request body is empty")),
        (
            "PUT",
            "/_inference/rerank/_update",
            {"service": "openai"},
            refusal(
                STATUS,
                "Request contained fields which cannot be updated, remove these fields and try again"
                " [{service=openai}]",
            ),
        ),
        (
            "PUT",
            "/_inference/rerank/_update",
            {"service_settings": {"model_id": "other"}},
            refusal(
                STATUS,
                "Request contained fields which cannot be updated, remove these fields and try again"
                " [{model_id=other}]",
            ),
        ),
        (
            "PUT",
            "/_inference/rerank/_update",
            {"service_settings": 3},
            refusal(STATUS, "Unable to parse service settings in the request [{service_settings=3}]"),
        ),
        (
            "PUT",
            "/_inference/rerank/_update",
            {"task_type": 3},
            refusal(STATUS, "Failed to parse [task_type] in update request [{task_type=3}]", 500),
        ),
        (
            "POST",
            "/_inference/rerank?foo=1",
            {"input": "a"},
            refusal(ILLEGAL, "request [/_inference/rerank] contains unrecognized parameter: [foo]"),
        ),
        (
            "GET",
            "/_inference",
            {"a": 1},
            refusal(ILLEGAL, "request [GET /_inference] does not support having a body"),
        ),
        (
            "POST",
            "/_inference/rerank?timeout=1.5s",
            {"input": "a", "query": "q"},
            refusal(
                ILLEGAL,
                "failed to parse setting [timeout] with value [1.5s] as a time value: fractional time values are not"
                " supported",
            ),
        ),
        (
            "POST",
            "/_inference/text-embedding",
            b'{"input":',
            refusal("x_content_e_o_f_exception", "[1:10] Unexpected end of file"),
        ),
        ("POST", "/_inference/nope", {}, refusal(VALIDATION, "Validation Failed: 1: Field [input] cannot be null;")),
        (
            "POST",
            "/_inference/text_embedding/text-embedding",
            b'{\n "input": 5}',
            refusal(PARSE, f"[2:11] {PARSER} input doesn't support values of type: VALUE_NUMBER"),
        ),
        (
            "POST",
            "/_inference/text-embedding",
            b'{"input":["a",null]}',
            refusal(
                PARSE,
                f"[1:15] {PARSER} failed to parse field [input]",
                cause={"type": ILLEGAL, "reason": "Expected text at 1:15 but found VALUE_NULL"},
            ),
        ),
        (
            "POST",
            "/_inference/rerank",
            {"input": "a"},
            refusal(VALIDATION, "Validation Failed: 1: Field [query] cannot be null for task type [rerank];"),
        ),
    ],
)
def test_a_wrong_call_is_refused_in_elasticsearchs_words(
    node: Node, method: str, target: str, body: Any, expected: dict[str, Any]
) -> None:
    assert call(node, method, target, body) == expected


@pytest.mark.parametrize(
    ("method", "target", "body", "feature"),
    [
        ("GET", "/_inference/_region_policy", None, "[_region_policy]"),
        ("PUT", "/_inference/rerank/x", {"service": "elastic", "service_settings": {}}, "[elastic]"),
        (
            "PUT",
            "/_inference/text_embedding/x",
            {"service": "elasticsearch", "service_settings": {"model_id": "m", "element_type": "byte"}},
            "[element_type] [byte]",
        ),
    ],
)
def test_what_elasticsearch_has_and_the_pond_has_not_is_named(
    node: Node, method: str, target: str, body: Any, feature: str
) -> None:
    answer = call(node, method, target, body)
    assert (answer["status"], answer["error"]["type"]) == (501, "not_implemented_exception")
    assert feature in answer["error"]["reason"]


def test_one_path_segment_is_an_id_even_when_it_looks_like_a_task_type(node: Node) -> None:
    answer = call(node, "POST", "/_inference/rerank", {"input": ["a", "b"], "query": "b"})
    assert [item["index"] for item in answer["rerank"]] == [1, 0]


def test_refused_endpoints_are_not_kept() -> None:
    client: Elasticsearch
    with connect("memory") as client:
        for body in ({"service": "foo", "service_settings": {}}, {"service": "fake"}):
            with pytest.raises(BadRequestError, match="400"):
                client.inference.put(inference_id="x", task_type="rerank", inference_config=body)
        assert "x" not in {endpoint["inference_id"] for endpoint in client.inference.get()["endpoints"]}
