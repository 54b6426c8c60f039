"""`indices`: mappings."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.api.indices import EXPANDING, TIMEOUTS, chosen
from headpond.node.call import Call
from headpond.node.http import Response
from headpond.node.router import route

if TYPE_CHECKING:
    from headpond.node.node import Node


@route("GET", "/{index}/_mapping", params=(*EXPANDING, "master_timeout"), body=False)
@route("GET", "/_mapping", params=(*EXPANDING, "master_timeout"), body=False)
def get_mapping(node: Node, call: Call) -> dict[str, Any]:
    """The fields of indices."""
    return {index.name: {"mappings": index.mapping.described()} for index in chosen(node, call)}


@route("PUT", "POST", "/{index}/_mapping", params=(*TIMEOUTS, *EXPANDING, "write_index_only"))
def put_mapping(node: Node, call: Call) -> dict[str, Any]:
    """Adds fields, or changes what may change."""
    body = call.required_body
    if not isinstance(body, Mapping):
        raise RestError(400, "parse_exception", "request body must be an object")
    for index in chosen(node, call):
        node.indices.put_mapping(index, body)
    return {"acknowledged": True}


@route("GET", "/{index}/_mapping/field/{fields}", params=(*EXPANDING, "include_defaults"), body=False)
def get_field_mapping(node: Node, call: Call) -> dict[str, Any] | Response:
    """Single fields."""
    patterns = call.part("fields").split(",")
    answer = {}
    for index in chosen(node, call):
        found = {
            field.path: {"full_name": field.path, "mapping": {field.name: field.described()}}
            for field in index.mapping
            if any(fnmatchcase(field.path, pattern) for pattern in patterns)
        }
        answer[index.name] = {"mappings": found}
    return answer
