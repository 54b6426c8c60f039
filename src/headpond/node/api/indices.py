"""`indices`: create, look at, change and delete indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.api.cluster import shards_of
from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.router import route
from headpond.node.store.index import Index
from headpond.node.store.names import not_found
from headpond.node.times import check_times

if TYPE_CHECKING:
    from headpond.node.node import Node

TIMEOUTS = ("master_timeout", "timeout")
EXPANDING = ("allow_no_indices", "expand_wildcards", "ignore_unavailable", "local")


def chosen(node: Node, call: Call) -> list[Index]:
    """The indices of the path's expression, or all."""
    return node.indices.resolve(
        call.parts.get("index"),
        ignore_unavailable=call.flag("ignore_unavailable"),
        allow_no_indices=call.flag("allow_no_indices", True),
    )


@route("PUT", "/{index}", params=(*TIMEOUTS, "wait_for_active_shards"))
def create(node: Node, call: Call) -> dict[str, Any]:
    """Makes an index with settings, mappings and aliases."""
    check_times(call, *TIMEOUTS)
    name, body = call.part("index"), call.body or {}
    if not isinstance(body, Mapping):
        raise RestError(400, "parse_exception", "request body must be an object")
    for key, value in body.items():
        if key not in ("settings", "mappings", "aliases"):
            raise RestError(400, "parse_exception", f"unknown key [{key}] for create index")
        if not isinstance(value, Mapping):
            raise RestError(400, "parse_exception", f"key [{key}] must be an object")
    if call.access is not None and body.get("aliases"):
        call.access.check_aliases([name], body["aliases"])
    node.indices.create(name, settings=body.get("settings"), mappings=body.get("mappings"), aliases=body.get("aliases"))
    return {"acknowledged": True, "shards_acknowledged": True, "index": name}


@route(
    "GET",
    "/{index}",
    params=(*EXPANDING, "master_timeout", "features", "flat_settings", "include_defaults"),
    body=False,
)
def get(node: Node, call: Call) -> dict[str, Any]:
    """Aliases, mappings and settings."""
    if call.part("index").startswith("_") and call.part("index") != "_all":
        raise _not_an_index(call.part("index"))
    features = call.names("features") or ["aliases", "mappings", "settings"]
    flat = call.flag("flat_settings")
    answer: dict[str, Any] = {}
    for index in chosen(node, call):
        answer[index.name] = {
            "aliases": index.metadata.aliases if "aliases" in features else {},
            "mappings": index.mapping.described() if "mappings" in features else {},
            "settings": settings_of(index, flat=flat) if "settings" in features else {},
        }
    return answer


def _not_an_index(name: str) -> RestError:
    reason = f"Invalid index name [{name}], must not start with '_'."
    return RestError(400, "invalid_index_name_exception", reason, extra={"index_uuid": "_na_", "index": name})


@route("HEAD", "/{index}", params=(*EXPANDING, "flat_settings", "include_defaults"), body=False)
def exists(node: Node, call: Call) -> dict[str, Any] | Response:
    """200 or 404."""
    try:
        chosen(node, call)
    except RestError as error:
        return node.respond(error.status, {}, call.request)
    return {}


@route("DELETE", "/{index}", params=(*TIMEOUTS, *EXPANDING), body=False)
def delete(node: Node, call: Call) -> dict[str, Any]:
    """Deletes indices that are named one by one; wildcards and aliases are refused, as in Elasticsearch."""
    expression = call.part("index")
    found: list[Index] = []
    for name in expression.split(","):
        if "*" in name or name == "_all":
            raise illegal_argument("Wildcard expressions or all indices are not allowed")
    for name in expression.split(","):
        if name in node.indices:
            found += node.indices.resolve(name)
        elif node.indices.aliases.indices_of(name):
            raise illegal_argument(
                f"The provided expression [{name}] matches an alias, specify the corresponding concrete "
                "indices instead."
            )
        elif not call.flag("ignore_unavailable"):
            raise not_found(name)
    for index in found:
        node.indices.delete(index)
    return {"acknowledged": True}


@route("POST", "GET", "/{index}/_refresh", params=EXPANDING, body=False)
@route("POST", "GET", "/_refresh", params=EXPANDING, body=False)
def refresh(node: Node, call: Call) -> dict[str, Any]:
    """Shows all writes to searches."""
    indices = chosen(node, call)
    for index in indices:
        index.refresh()
    return {"_shards": shards_of(indices)}


@route("POST", "GET", "/{index}/_flush", params=(*EXPANDING, "force", "wait_if_ongoing"), body=False)
@route("POST", "GET", "/_flush", params=(*EXPANDING, "force", "wait_if_ongoing"), body=False)
def flush(node: Node, call: Call) -> dict[str, Any]:
    """Nothing is left to do: every acknowledged write is on disk already."""
    return {"_shards": shards_of(chosen(node, call))}


MERGING = (*EXPANDING, "flush", "max_num_segments", "only_expunge_deletes", "wait_for_completion")


@route("POST", "/{index}/_forcemerge", params=MERGING, body=False)
@route("POST", "/_forcemerge", params=MERGING, body=False)
def force_merge(node: Node, call: Call) -> dict[str, Any]:
    """Makes one segment of each index, without deleted documents."""
    call.integer("max_num_segments")
    indices = chosen(node, call)
    for index in indices:
        index.force_merge()
    return {"_shards": shards_of(indices)}


def settings_of(index: Index, *, flat: bool = False) -> dict[str, Any]:
    """The settings as `GET _settings` shows them."""
    return index.metadata.flat_settings() if flat else index.metadata.shown_settings()
