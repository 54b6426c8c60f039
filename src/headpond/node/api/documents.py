"""`document` APIs for single documents: index, create, get, update, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote_plus

import orjson

from headpond.errors import RestError
from headpond.node.call import Call, illegal_argument, malformed
from headpond.node.http import Response
from headpond.node.router import route
from headpond.node.search.json import Json
from headpond.node.search.source_filter import SourceFilter, read_source
from headpond.node.store.document import Document
from headpond.node.store.index import Index
from headpond.node.store.operation import Action, Operation, answer, read_conditions, run, validation
from headpond.node.store.update_request import read_update
from headpond.node.store.write_result import conflict
from headpond.node.times import check_times

if TYPE_CHECKING:
    from headpond.node.node import Node

WRITING = (
    "if_primary_term", "if_seq_no", "include_source_on_error", "op_type", "pipeline", "refresh", "require_alias",
    "require_data_stream", "routing", "timeout", "version", "version_type", "wait_for_active_shards",
)  # fmt: skip
SOURCE = ("_source", "_source_excludes", "_source_exclude_vectors", "_source_includes")
UPDATING = (*(name for name in WRITING if name != "pipeline"), *SOURCE, "lang", "retry_on_conflict")
UNNAMED = "auto-generated"
"""The id, in an answer, of a document that ended in a pipeline before it had one."""
READING = (*SOURCE, "force_synthetic_source", "preference", "realtime", "refresh", "routing", "stored_fields",
           "version", "version_type")  # fmt: skip


@route("PUT", "POST", "/{index}/_doc/{id}", params=WRITING)
@route("POST", "/{index}/_doc", params=WRITING)
def index(node: Node, call: Call) -> Response:
    """Writes a document under the path's id, or under a new one."""
    return _put(node, call)


@route("PUT", "POST", "/{index}/_create/{id}", params=WRITING)
def create(node: Node, call: Call) -> Response:
    """Writes a document whose id must be free."""
    return _put(node, call, create=True)


def _put(node: Node, call: Call, *, create: bool = False) -> Response:
    kind = call.text("op_type") or "index"
    if kind not in ("index", "create"):
        raise illegal_argument(f"opType must be 'create' or 'index', found: [{kind}]")
    if not call.request.body.strip():
        raise RestError(400, "parse_exception", "request body is required")
    create = create or kind == "create"
    operation = _operation(call, "create" if create else "index", call.parts.get("id"))
    operation.raw = call.request.body
    return _write(node, call, operation)


@route("DELETE", "/{index}/_doc/{id}", params=WRITING, body=False)
def delete(node: Node, call: Call) -> Response:
    """Deletes a document."""
    return _write(node, call, _operation(call, "delete", call.part("id")))


@route("POST", "/{index}/_update/{id}", params=UPDATING)
def update(node: Node, call: Call) -> Response:
    """Merges a partial document into a document."""
    try:
        request, conditions = read_update(call.request.body)
    except orjson.JSONDecodeError as error:
        raise malformed(error) from None
    operation = _operation(call, "update", call.part("id"), conditions)
    request.retries = call.integer("retry_on_conflict", 0) or 0
    request.if_seq_no = operation.conditions.if_seq_no is not None
    if any(name in call.request.query for name in SOURCE):
        request.source = True if request.source is None else request.source
    operation.update = request
    return _write(node, call, operation)


def _operation(call: Call, action: Action, id: str | None, conditions: dict[str, Any] | None = None) -> Operation:
    given = {**call.request.query, **(conditions or {})}
    return Operation(
        action,
        call.part("index"),
        id,
        conditions=read_conditions(given, create=action == "create"),
        routing=call.text("routing"),
        require_alias=call.flag("require_alias"),
        require_data_stream=call.flag("require_data_stream"),
        pipeline=call.text("pipeline"),
    )


def _write(node: Node, call: Call, operation: Operation) -> Response:
    refresh = refresh_policy(call)
    check_times(call, "timeout")
    if problems := operation.problems():
        raise validation(problems)
    node.ingest.run([operation])
    if operation.refused is not None:
        raise operation.refused
    if operation.dropped:
        return node.respond(200, dropped(operation), call.request)
    index = target(node, call, operation, new_id=operation.id is None)
    with node.indices.writing() as touched:
        touched.append(index)
        result, document = run(operation, index)
    if refresh != "false" and result.result != "noop":
        index.refresh()
    body = answer(result, index, refreshed=refresh == "true")
    if result.result == "noop":
        body["_shards"] = {"total": 0, "successful": 0, "failed": 0}
        body.pop("forced_refresh", None)
    if document is not None and operation.update is not None:
        body["get"] = update_get(document, wanted_source(call, operation.update.source))
    location = (
        {"location": f"/{quote_plus(index.name)}/_doc/{quote_plus(result.id)}"} if result.result == "created" else {}
    )
    response = node.respond(result.status, body, call.request)
    return Response(response.status, {**response.headers, **location}, response.body)


def dropped(operation: Operation) -> dict[str, Any]:
    """What is answered for a document that a pipeline dropped."""
    return {
        "_index": operation.index,
        "_id": operation.id or UNNAMED,
        "_version": -3 if operation.conditions.version is None else operation.conditions.version,
        "result": "noop",
        "_shards": {"total": 0, "successful": 0, "failed": 0},
    }


def target(node: Node, call: Call, operation: Operation, *, new_id: bool = False) -> Index:
    """The index a write goes to, if it is allowed; all but plain deletes make it when it is missing.

    Args:
        node: whose index.
        call: whose sender must be allowed to write.
        operation: the write.
        new_id: whether the document gets an id of its own, so that it can replace no other.
    """
    if operation.require_data_stream:
        reason = f"[require_data_stream] request flag is [true] and [{operation.index}] is not a data stream"
        raise RestError(404, "resource_not_found_exception", reason)
    exists = operation.index in node.indices or bool(node.indices.aliases.indices_of(operation.index))
    plain_delete = operation.action == "delete" and operation.conditions.version is None
    if plain_delete and not exists:
        raise node.indices.missing(operation.index)
    if call.access is not None:
        call.access.check_write(operation.action, operation.index, exists=exists, new_id=new_id)
    if plain_delete and operation.index in node.indices:
        return node.indices.one(operation.index)
    return node.indices.to_write(operation.index, require_alias=operation.require_alias)


def refresh_policy(call: Call) -> Literal["true", "false", "wait_for"]:
    """The parameter `refresh`; present without a value it means true."""
    value = call.text("refresh", "false")
    if value in ("", "true"):
        return "true"
    if value == "false":
        return "false"
    if value == "wait_for":
        return "wait_for"
    raise illegal_argument(f"Unknown value for refresh: [{value}].")


def update_get(document: Document, wanted: SourceFilter) -> dict[str, Any]:
    """The `get` of an update that asks for the source."""
    body: dict[str, Any] = {"_seq_no": document.seq_no, "_primary_term": 1, "found": True}
    if wanted.enabled:
        body["_source"] = wanted(document.source(vectors=wanted.with_vectors))
    return body


def wanted_source(call: Call, given: Any = None) -> SourceFilter:
    """Which parts of the source are shown: the body's `_source`, or the query parameters."""
    if given is not None and given is not True:
        return read_source(Json(given))
    includes = call.names("_source_includes") or []
    excludes = call.names("_source_excludes") or []
    text = call.text("_source")
    if text is not None and text not in ("true", "false", ""):
        includes = [*includes, *text.split(",")]
    hidden = call.flag("_source_exclude_vectors") if "_source_exclude_vectors" in call.request.query else None
    return SourceFilter(text != "false", tuple(includes), tuple(excludes), hidden)


@route("GET", "/{index}/_doc/{id}", params=READING, body=False)
def get(node: Node, call: Call) -> dict[str, Any] | Response:
    """A document by its id, as it is now."""
    index, document = _find(node, call)
    if document is None:
        return node.respond(404, {"_index": index.name, "_id": call.part("id"), "found": False}, call.request)
    wanted = wanted_source(call)
    if call.text("stored_fields") is not None and call.text("_source") is None:
        wanted = SourceFilter(enabled=False)
    return described(index, document, wanted)


@route("HEAD", "/{index}/_doc/{id}", params=READING, body=False)
@route("HEAD", "/{index}/_source/{id}", params=READING, body=False)
def exists(node: Node, call: Call) -> dict[str, Any] | Response:
    """200 or 404."""
    _, document = _find(node, call)
    return {} if document is not None else node.respond(404, {}, call.request)


@route("GET", "/{index}/_source/{id}", params=READING, body=False)
def get_source(node: Node, call: Call) -> dict[str, Any]:
    """The source alone."""
    index, document = _find(node, call)
    if document is None:
        reason = f"Document not found [{index.name}]/[{call.part('id')}]"
        raise RestError(404, "resource_not_found_exception", reason)
    wanted = wanted_source(call)
    return wanted(document.source(vectors=wanted.with_vectors))


def _find(node: Node, call: Call) -> tuple[Index, Document | None]:
    index = node.indices.one(call.part("index"))
    if call.flag("refresh"):
        index.refresh()
    id = call.part("id")
    document = index.get(id) if call.flag("realtime", True) else index.get_refreshed(id)
    version = call.integer("version")
    if document is not None and version is not None and version != document.version:
        raise conflict(
            f"[{id}]: version conflict, current version [{document.version}] is different than the one "
            f"provided [{version}]",
            index.name,
            index.uuid,
        )
    return index, document


def described(index: Index, document: Document, wanted: SourceFilter) -> dict[str, Any]:
    """A found document as `GET` and `_mget` show it."""
    body: dict[str, Any] = {
        "_index": index.name,
        "_id": document.id,
        "_version": document.version,
        "_seq_no": document.seq_no,
        "_primary_term": 1,
    }
    if document.routing is not None:
        body["_routing"] = document.routing
    body["found"] = True
    if wanted.enabled:
        body["_source"] = wanted(document.source(vectors=wanted.with_vectors))
    return body
