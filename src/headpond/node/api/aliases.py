"""`indices`: aliases."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.json_position import line_and_column, locate, next_token
from headpond.node.api.indices import EXPANDING, TIMEOUTS, chosen
from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.router import route
from headpond.node.store.alias import not_found
from headpond.node.store.index import Index

if TYPE_CHECKING:
    from headpond.node.node import Node

ACTION_KEYS = frozenset(
    {"alias", "aliases", "filter", "index", "index_routing", "indices", "is_hidden", "is_write_index", "must_exist",
     "routing", "search_routing"}
)  # fmt: skip


@route("GET", "/_alias", params=EXPANDING, body=False)
@route("GET", "/_alias/{name}", params=EXPANDING, body=False)
@route("GET", "/{index}/_alias", params=EXPANDING, body=False)
@route("GET", "/{index}/_alias/{name}", params=EXPANDING, body=False)
@route("HEAD", "/_alias/{name}", params=EXPANDING, body=False)
@route("HEAD", "/{index}/_alias/{name}", params=EXPANDING, body=False)
def get(node: Node, call: Call) -> dict[str, Any] | Response:
    """The aliases of indices; 404 with what was found when one that is named does not exist."""
    names = call.parts.get("name")
    indices = chosen(node, call)
    if names is None:
        return {index.name: {"aliases": _visible(call, index)} for index in indices}
    patterns = names.split(",")
    answer: dict[str, Any] = {}
    for index in indices:
        found = {
            alias: options
            for alias, options in _visible(call, index).items()
            if any(pattern == "_all" or fnmatchcase(alias, pattern) for pattern in patterns)
        }
        if found:
            answer[index.name] = {"aliases": found}
    known = {alias for entry in answer.values() for alias in entry["aliases"]}
    missing = sorted(name for name in patterns if "*" not in name and name != "_all" and name not in known)
    if missing:
        plural = "aliases" if len(missing) > 1 else "alias"
        text = f"{plural} [{','.join(missing)}] missing"
        return node.respond(404, {"error": text, "status": 404, **answer}, call.request)
    return answer


def _visible(call: Call, index: Index) -> dict[str, Any]:
    return {
        alias: options
        for alias, options in index.metadata.aliases.items()
        if call.may("indices:admin/aliases/get", alias)
    }


@route("PUT", "POST", "/{index}/_alias/{name}", params=TIMEOUTS)
@route("PUT", "POST", "/{index}/_aliases/{name}", params=TIMEOUTS)
def put(node: Node, call: Call) -> dict[str, Any]:
    """Gives indices an alias."""
    body = call.body or {}
    if not isinstance(body, Mapping):
        raise RestError(400, "parse_exception", "request body must be an object")
    for index in chosen(node, call):
        node.indices.aliases.add(index, call.part("name"), body)
    return {"acknowledged": True, "errors": False}


@route("DELETE", "/{index}/_alias/{name}", params=TIMEOUTS, body=False)
@route("DELETE", "/{index}/_aliases/{name}", params=TIMEOUTS, body=False)
def delete(node: Node, call: Call) -> dict[str, Any]:
    """Takes aliases away from indices."""
    if not _remove(node, chosen(node, call), call.part("name").split(",")):
        raise not_found(call.part("name").split(","))
    return {"acknowledged": True, "errors": False}


def _remove(node: Node, indices: list[Index], names: list[str]) -> bool:
    removed = False
    for index in indices:
        for alias in list(index.metadata.aliases):
            if any(name == "_all" or fnmatchcase(alias, name) for name in names):
                node.indices.aliases.remove(index, alias)
                removed = True
    return removed


@route("POST", "/_aliases", params=TIMEOUTS)
def update(node: Node, call: Call) -> dict[str, Any]:
    """Several changes at once: all of them, or none where one is refused."""
    actions = call.required_body.get("actions") or []
    if not actions:
        raise illegal_argument("No action specified")
    steps = [_read(call, number, action) for number, action in enumerate(actions)]
    for kind, indices, body in steps:
        if call.access is not None:
            call.access.check_aliases(indices, body["aliases"])
        if kind == "remove_index":
            call.check("indices:admin/delete", indices)
    results: list[dict[str, Any]] = []
    saved = {index.name: index.metadata.aliases for index in node.indices}
    try:
        with node.database.transaction():
            for kind, indices, body in steps:
                results.append(_apply(node, kind, indices, body))
            failed = [result for result in results if "error" in result]
            if len(failed) == len(results):
                raise not_found(failed[0]["action"]["aliases"])
    except BaseException:
        for index in node.indices:
            index.metadata.aliases = saved.get(index.name, {})
        raise
    for kind, indices, _ in steps:
        if kind == "remove_index":
            for name in indices:
                node.indices.delete(node.indices.one(name))
    return (
        {"acknowledged": True, "errors": True, "action_results": results}
        if failed
        else {
            "acknowledged": True,
            "errors": False,
        }
    )


def _read(call: Call, number: int, action: Any) -> tuple[str, list[str], dict[str, Any]]:
    kind, body = next(iter(action.items())) if isinstance(action, Mapping) and action else ("", {})
    if kind not in ("add", "remove", "remove_index"):
        raise _unreadable(call, number, kind, f"[alias_action] unknown field [{kind}]")
    for key in body:
        if key not in ACTION_KEYS:
            raise _unreadable(call, number, kind, f"[{kind}] unknown field [{key}]")
    indices = body.get("indices", body.get("index"))
    aliases = body.get("aliases", body.get("alias"))
    if indices is None:
        raise _unreadable(call, number, kind, "One of [index] or [indices] is required", plain=True)
    if aliases is None and kind != "remove_index":
        raise _unreadable(call, number, kind, "One of [alias] or [aliases] is required", plain=True)
    body = {**body, "aliases": [aliases] if isinstance(aliases, str) else list(aliases or [])}
    return kind, [indices] if isinstance(indices, str) else list(indices), body


def _unreadable(call: Call, number: int, kind: str, reason: str, *, plain: bool = False) -> RestError:
    text = call.request.body
    outer = locate(text, ["actions", number])
    inner = locate(text, ["actions", number, kind])
    if plain:
        where = line_and_column(text, outer.end)
        cause = illegal_argument(reason)
    else:
        where = line_and_column(text, next_token(text, inner.start))
        cause = RestError(400, "x_content_parse_exception", f"[{line_and_column(text, inner.key)}] {reason}")
    reason = f"[{where}] [aliases] failed to parse field [actions]"
    return RestError(400, "x_content_parse_exception", reason, caused_by=cause)


def _apply(node: Node, kind: str, names: list[str], body: dict[str, Any]) -> dict[str, Any]:
    aliases = body["aliases"]
    indices = [index for name in names for index in node.indices.resolve(name)]
    action = {"type": kind, "indices": [index.name for index in indices], "aliases": aliases}
    if kind == "add":
        options = {
            name: value
            for name, value in body.items()
            if name in ("filter", "routing", "index_routing", "search_routing", "is_write_index")
        }
        for index in indices:
            for alias in aliases:
                node.indices.aliases.add(index, alias, options)
    elif kind == "remove" and not _remove(node, indices, aliases) and body.get("must_exist", True) is not False:
        return {"action": action, "status": 404, "error": not_found(aliases).cause()}
    return {"action": action, "status": 200}
