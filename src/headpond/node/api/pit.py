"""`_pit`: opening and closing points in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.invalid import validation_failed
from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.query._object import OBJECTS, Member, read_members
from headpond.node.router import route
from headpond.node.search.failed import search_failed
from headpond.node.search.json import Json, MisplacedError, read_json
from headpond.node.search.points_in_time import read_keep_alive
from headpond.node.search.search import open_shards

if TYPE_CHECKING:
    from headpond.node.node import Node

OPENED = (
    "allow_no_indices", "allow_partial_search_results", "expand_wildcards", "ignore_unavailable", "keep_alive",
    "max_concurrent_shard_requests", "preference", "project_routing", "routing",
)  # fmt: skip
_OPEN = "indices:data/read/open_point_in_time"


@route("POST", "/_pit", params=OPENED, action=_OPEN)
def without_index(node: Node, call: Call) -> dict[str, Any]:
    """A point in time must name its indices."""
    raise validation_failed(["[index] is not specified"])


@route("POST", "/{index}/_pit", params=OPENED, action=_OPEN)
def open_pit(node: Node, call: Call) -> dict[str, Any]:
    """Keeps what indices hold now for later searches."""
    if call.request.body.strip():
        _check_body(call.request.body)
    keep_alive = call.text("keep_alive")
    if keep_alive is None:
        raise validation_failed(["[keep_alive] is not specified"])
    seconds = read_keep_alive(keep_alive)
    indices = node.indices.resolve(
        call.part("index"),
        ignore_unavailable=call.flag("ignore_unavailable"),
        allow_no_indices=call.flag("allow_no_indices", True),
    )
    try:
        opened = node.points_in_time.open(indices, seconds, call.sender)
    except RestError as error:
        raise search_failed(error, open_shards(indices, 0), _OPEN) from None
    shards = {"total": len(indices), "successful": len(indices), "skipped": 0, "failed": 0}
    return {"id": opened, "_shards": shards}


@route("DELETE", "/_pit", action="indices:data/read/close_point_in_time")
def close_pit(node: Node, call: Call) -> Response:
    """Forgets a point in time; only who has opened it can."""
    if not call.request.body.strip():
        raise RestError(400, "parse_exception", "request body or source parameter is required")
    body = call.body
    if not isinstance(body, dict):
        raise illegal_argument("Malformed content, must start with an object")
    unknown = next((name for name in body if name != "id"), None)
    if unknown is not None:
        raise illegal_argument(
            f"Unknown parameter [{unknown}] in request body or parameter is of the wrong type[FIELD_NAME] "
        )
    id = body.get("id")
    if id is None:
        raise illegal_argument("search context id is is not provided")
    if not isinstance(id, str):
        raise illegal_argument("the request must contain only [id field")
    freed = node.points_in_time.close(id, call.sender)
    return node.respond(200 if freed else 404, {"succeeded": freed > 0, "num_freed": freed}, call.request)


def _check_body(body: bytes) -> None:
    try:
        read_members(read_json(body), "open_point_in_time_request", {"index_filter": Member(OBJECTS, _refused)})
    except MisplacedError as error:
        raise error.located(body) from None


def _refused(source: Json) -> Any:
    raise RestError(501, "not_implemented_exception", "[index_filter] of a point in time is not implemented")
