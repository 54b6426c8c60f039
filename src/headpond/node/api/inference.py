"""The `_inference` API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.invalid import not_implemented
from headpond.inference.task_type import TaskType
from headpond.node.call import Call
from headpond.node.event_stream import refused, streamed
from headpond.node.http import Response
from headpond.node.inference import parse_timeout
from headpond.node.router import route

if TYPE_CHECKING:
    from headpond.node.node import Node

TOKENS_HEADER = "x-headpond-tokens"
"""On the answer of an inference: the tokens it cost, where they are known. Elasticsearch has no such header."""


def _every(name: str) -> bool:
    return name in ("_all", "*")


@route("GET", "/_inference", body=False)
def list_endpoints(node: Node, call: Call) -> dict[str, Any]:
    """All endpoints."""
    return {"endpoints": node.inference.get_all()}


@route("GET", "/_inference/{inference_id}", body=False)
def get_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """One endpoint, or all of them for `_all`."""
    name = call.part("inference_id")
    return {"endpoints": node.inference.get_all() if _every(name) else [node.inference.get(name)]}


@route("GET", "/_inference/{task_type}/{inference_id}", body=False)
def get_typed_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """One endpoint, which must have the task type, or all of that type for `_all`."""
    task_type, name = TaskType.parse(call.part("task_type")), call.part("inference_id")
    if _every(name):
        return {"endpoints": node.inference.get_all(task_type)}
    return {"endpoints": [node.inference.get(name, task_type)]}


@route("PUT", "/_inference/{inference_id}", params=["timeout"])
def put_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """Makes an endpoint whose task type stands in the body."""
    return node.inference.put(call.part("inference_id"), None, _object(call), call.text("timeout"))


@route("PUT", "/_inference/{task_type}/{inference_id}", params=["timeout"])
def put_typed_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """Makes an endpoint."""
    task_type = TaskType.parse(call.part("task_type"))
    return node.inference.put(call.part("inference_id"), task_type, _object(call), call.text("timeout"))


@route("PUT", "/_inference/{inference_id}/_update", params=["timeout"])
def update_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """Changes an endpoint."""
    return node.inference.update(call.part("inference_id"), None, _object(call), call.text("timeout"))


@route("PUT", "/_inference/{task_type}/{inference_id}/_update", params=["timeout"])
def update_typed_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """Changes an endpoint, which must have the task type."""
    task_type = TaskType.parse(call.part("task_type"))
    return node.inference.update(call.part("inference_id"), task_type, _object(call), call.text("timeout"))


@route("DELETE", "/_inference/{inference_id}", params=["dry_run", "force"], body=False)
def delete_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """Forgets an endpoint."""
    return _delete(node, call, None)


@route("DELETE", "/_inference/{task_type}/{inference_id}", params=["dry_run", "force"], body=False)
def delete_typed_endpoint(node: Node, call: Call) -> dict[str, Any]:
    """Forgets an endpoint, which must have the task type."""
    return _delete(node, call, TaskType.parse(call.part("task_type")))


@route("POST", "/_inference/{inference_id}", params=["timeout"])
def infer(node: Node, call: Call) -> Response:
    """Asks an endpoint."""
    return _infer(node, call, None)


@route("POST", "/_inference/{task_type}/{inference_id}", params=["timeout"])
def infer_typed(node: Node, call: Call) -> Response:
    """Asks an endpoint, which must have the task type."""
    return _infer(node, call, TaskType.parse(call.part("task_type")))


@route("POST", "/_inference/{inference_id}/_stream", params=["timeout"])
def stream(node: Node, call: Call) -> Response:
    """Asks an endpoint for a completion piece by piece."""
    return _stream(node, call, None)


@route("POST", "/_inference/{task_type}/{inference_id}/_stream", params=["timeout"])
def stream_typed(node: Node, call: Call) -> Response:
    """Asks an endpoint for a completion piece by piece; it must have the task type."""
    return _stream(node, call, TaskType.parse(call.part("task_type")))


@route("GET", "/_inference/_services", body=False)
def list_services(node: Node, call: Call) -> list[dict[str, Any]]:
    """What endpoints can be made with."""
    return node.inference.services()


@route("GET", "/_inference/_services/{task_type}", body=False)
def list_services_of(node: Node, call: Call) -> list[dict[str, Any]]:
    """What endpoints of one task type can be made with."""
    return node.inference.services(TaskType.parse(call.part("task_type")))


@route("GET", "PUT", "DELETE", "/_inference/_region_policy", params=["force"])
def region_policy(node: Node, call: Call) -> Response:
    """Concerns Elastic's own inference service, which a pond does not have."""
    raise not_implemented("the region policy of inference ([_region_policy])")


def _stream(node: Node, call: Call, task_type: TaskType | None) -> Response:
    name, timeout = call.part("inference_id"), call.text("timeout")
    if not call.request.body.strip():
        raise RestError(400, "parse_exception", "request body is required")
    parse_timeout(timeout)  # as in Elasticsearch, what is wrong with the request around the body is no event
    chat = node.inference.is_chat(name, task_type)
    try:
        chunks = node.inference.stream(name, task_type, call.required_body, timeout, raw=call.request.body)
    except RestError as error:
        return refused(error, chat=chat)
    return streamed(chunks, chat=chat)


def _infer(node: Node, call: Call, task_type: TaskType | None) -> Response:
    body = call.required_body
    name, timeout = call.part("inference_id"), call.text("timeout")
    result = node.inference.infer(name, task_type, body, timeout, raw=call.request.body)
    response = node.respond(200, result.to_json(), call.request)
    tokens = result.usage.tokens
    if tokens is None:
        return response
    return replace(response, headers={**response.headers, TOKENS_HEADER: str(tokens)})


def _delete(node: Node, call: Call, task_type: TaskType | None) -> dict[str, Any]:
    flags = {"dry_run": call.flag("dry_run"), "force": call.flag("force")}
    return node.inference.delete(call.part("inference_id"), task_type, **flags)


def _object(call: Call) -> dict[str, Any]:
    body = call.required_body
    if not isinstance(body, dict):
        raise RestError(400, "x_content_parse_exception", "[1:1] Expected START_OBJECT as the body")
    return body
