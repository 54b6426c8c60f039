"""`indices`: settings."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.api.indices import EXPANDING, TIMEOUTS, chosen, settings_of
from headpond.node.call import Call, illegal_argument
from headpond.node.router import route
from headpond.node.store.settings import DYNAMIC, nested, read_settings

if TYPE_CHECKING:
    from headpond.node.node import Node

READING = (*EXPANDING, "flat_settings", "include_defaults", "master_timeout")


@route("GET", "/{index}/_settings", params=READING, body=False)
@route("GET", "/_settings", params=READING, body=False)
def get_settings(node: Node, call: Call) -> dict[str, Any]:
    """The settings of indices."""
    flat = call.flag("flat_settings")
    return {index.name: {"settings": settings_of(index, flat=flat)} for index in chosen(node, call)}


@route("GET", "/{index}/_settings/{name}", params=READING, body=False)
def get_some_settings(node: Node, call: Call) -> dict[str, Any]:
    """The settings whose names match."""
    patterns, flat = call.part("name").split(","), call.flag("flat_settings")
    answer = {}
    for index in chosen(node, call):
        kept = {
            name: value
            for name, value in index.metadata.flat_settings().items()
            if any(pattern == "_all" or fnmatchcase(name, pattern) for pattern in patterns)
        }
        answer[index.name] = {"settings": kept if flat else nested(kept)}
    return answer


WRITING = (*EXPANDING, *TIMEOUTS, "flat_settings", "preserve_existing", "reopen")


@route("PUT", "/{index}/_settings", params=WRITING)
@route("PUT", "/_settings", params=WRITING)
def put_settings(node: Node, call: Call) -> dict[str, Any]:
    """Changes the settings that may change while an index is open."""
    body = call.required_body
    if not isinstance(body, Mapping):
        raise RestError(400, "parse_exception", "request body must be an object")
    settings = read_settings(body.get("settings", body))
    if not settings:
        reason = "Validation Failed: 1: no settings to update;"
        raise RestError(400, "action_request_validation_exception", reason)
    indices = chosen(node, call)
    fixed = sorted(name for name in settings if name not in DYNAMIC)
    if fixed and indices:
        listed = ", ".join(f"[{index.name}/{index.uuid}]" for index in indices)
        raise illegal_argument(
            f"Can't update non dynamic settings [[{', '.join(fixed)}]] for open indices [{listed}] unless "
            "the `reopen` query "
            "parameter is set to true. Alternatively, close the indices, apply the settings changes, and "
            "reopen the indices"
        )
    for index in indices:
        node.indices.put_settings(index, settings)
    return {"acknowledged": True}
