"""`_ingest/pipeline`: keeping, showing, deleting and trying ingest pipelines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.ingest.stored import CREATED, MODIFIED
from headpond.node.mapping.json_token import event
from headpond.node.router import route
from headpond.node.times import check_times

if TYPE_CHECKING:
    from headpond.node.node import Node

_ACTION = "cluster:admin/ingest/pipeline"
_ACKNOWLEDGED = {"acknowledged": True}


@route("PUT", "/_ingest/pipeline/{id}", params=("if_version", "master_timeout", "timeout"), action=f"{_ACTION}/put")
def put_pipeline(node: Node, call: Call) -> dict[str, Any]:
    """Keeps a pipeline."""
    check_times(call, "master_timeout", "timeout")
    node.ingest.put(call.part("id"), _body(call), _if_version(call))
    return _ACKNOWLEDGED


@route("GET", "/_ingest/pipeline", params=("master_timeout", "summary"), body=False, action=f"{_ACTION}/get")
@route("GET", "/_ingest/pipeline/{id}", params=("master_timeout", "summary"), body=False, action=f"{_ACTION}/get")
def get_pipelines(node: Node, call: Call) -> Response:
    """Shows pipelines; where none is meant the answer is empty with status 404."""
    check_times(call, "master_timeout")
    found = node.ingest.get(call.parts.get("id"))
    summary, human = call.flag("summary"), call.flag("human")
    shown = {id: {} if summary else _dated(body, human) for id, body in found.items()}
    return node.respond(200 if shown else 404, shown, call.request)


@route("DELETE", "/_ingest/pipeline/{id}", params=("master_timeout", "timeout"), body=False, action=f"{_ACTION}/delete")
def delete_pipelines(node: Node, call: Call) -> dict[str, Any]:
    """Forgets pipelines."""
    check_times(call, "master_timeout", "timeout")
    node.ingest.delete(call.part("id"))
    return _ACKNOWLEDGED


@route("GET", "POST", "/_ingest/pipeline/_simulate", params=("verbose",), action=f"{_ACTION}/simulate")
@route("GET", "POST", "/_ingest/pipeline/{id}/_simulate", params=("verbose",), action=f"{_ACTION}/simulate")
def simulate(node: Node, call: Call) -> dict[str, Any]:
    """Tries a pipeline on documents."""
    return node.ingest.simulate(_body(call), call.parts.get("id"), verbose=call.flag("verbose"))


def _body(call: Call) -> dict[str, Any]:
    body = call.body
    if body is None:
        raise RestError(400, "parse_exception", "request body or source parameter is required")
    if not isinstance(body, dict):
        cause = RestError(400, "x_content_parse_exception", f"[1:1] Expected START_OBJECT but was: {event(body)}")
        raise RestError(400, "parse_exception", "Failed to parse content to map", caused_by=cause)
    return body


def _if_version(call: Call) -> int | None:
    given = call.text("if_version")
    try:
        return None if given is None else int(given)
    except ValueError:
        reason = f"invalid value [{given}] specified for [if_version]. must be an integer value"
        raise illegal_argument(reason) from None


def _dated(body: Any, human: bool) -> dict[str, Any]:
    """The body; with `human` its times also as dates."""
    shown: dict[str, Any] = {}
    for key, value in body.items():
        if human and key in (CREATED, MODIFIED):
            date = datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
            shown[key.removesuffix("_millis")] = date.replace("+00:00", "Z")
        shown[key] = value
    return shown
