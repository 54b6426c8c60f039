"""`_bulk`: many writes in one request, kept together on disk, answered one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.node.api.bulk_lines import read_operations
from headpond.node.api.documents import UNNAMED, dropped, refresh_policy, target, update_get
from headpond.node.call import Call
from headpond.node.router import route
from headpond.node.search.json import Json
from headpond.node.search.source_filter import read_source
from headpond.node.store.index import Index
from headpond.node.store.operation import Operation, answer, run, validation
from headpond.node.store.write_result import WriteResult
from headpond.node.times import check_times

if TYPE_CHECKING:
    from headpond.node.node import Node

PARAMS = (
    "_source", "_source_excludes", "_source_includes", "include_source_on_error", "list_executed_pipelines", "pipeline",
    "refresh", "require_alias", "require_data_stream", "routing", "timeout", "wait_for_active_shards",
)  # fmt: skip


@route("POST", "PUT", "/_bulk", params=PARAMS)
@route("POST", "PUT", "/{index}/_bulk", params=PARAMS)
def bulk(node: Node, call: Call) -> dict[str, Any]:
    """Writes to the index that each action names, or to the path's."""
    started = time.monotonic()
    refresh = refresh_policy(call)
    check_times(call, "timeout")
    body = call.request.body
    if not body:
        raise RestError(400, "parse_exception", "request body is required")
    operations = read_operations(
        body,
        call.parts.get("index"),
        routing=call.text("routing"),
        require_alias=call.flag("require_alias"),
        require_data_stream=call.flag("require_data_stream"),
        pipeline=call.text("pipeline"),
        source=call.text("_source"),
    )
    problems = [problem for operation in operations for problem in operation.problems()]
    if problems or not operations:
        raise validation(problems or ["no requests added"])
    ran = node.ingest.run(operations)
    ingested = time.monotonic()
    targets = _targets(node, call, [one for one in operations if not one.dropped and one.refused is None])
    items: list[dict[str, Any]] = []
    listed = call.flag("list_executed_pipelines")
    touched_indices: dict[str, Index] = {}
    with node.indices.writing() as touched:
        for operation in operations:
            if operation.dropped or operation.refused is not None:
                items.append({operation.action: _ended(operation)})
                continue
            found = next(targets)
            if isinstance(found, Index) and found.name not in touched_indices:
                touched_indices[found.name] = found
                touched.append(found)
            item = _item(operation, found, refreshed=refresh == "true")
            if listed and "error" not in item and operation.action != "delete":
                item["executed_pipelines"] = operation.executed
            items.append({operation.action: item})
    if refresh != "false":
        for index in touched_indices.values():
            index.refresh()
    errors = any("error" in next(iter(item.values())) for item in items)
    took = {"took": int((time.monotonic() - started) * 1000)}
    if ran:
        took["ingest_took"] = int((ingested - started) * 1000)
    return {"errors": errors, **took, "items": items}


def _ended(operation: Operation) -> dict[str, Any]:
    """The item of a document that a pipeline dropped or refused."""
    if operation.refused is not None:
        return _failed(operation, operation.index, operation.refused) | {"_id": operation.id or UNNAMED}
    return dropped(operation) | {"status": 200}


def _targets(node: Node, call: Call, operations: list[Operation]) -> Iterator[Index | RestError]:
    """The index of each write, made where it is missing before anything is written; or why it has none."""
    known: dict[tuple[str, bool, bool, str], Index | RestError] = {}
    targets = []
    for operation in operations:
        kind = f"{operation.action} {operation.conditions.version is None}"
        key = (operation.index, operation.require_alias, operation.require_data_stream, kind)
        if key not in known:
            try:
                known[key] = target(node, call, operation)
            except RestError as error:
                known[key] = error
        targets.append(known[key])
    return iter(targets)


def _item(operation: Operation, found: Index | RestError, *, refreshed: bool) -> dict[str, Any]:
    if isinstance(found, RestError):
        return _failed(operation, operation.index, found)
    try:
        result, document = run(operation, found)
    except RestError as error:
        if error.status == 507:
            raise
        return _failed(operation, found.name, error)
    body = answer(result, found, refreshed=refreshed)
    if document is not None and operation.update is not None:
        body["get"] = update_get(document, read_source(Json(operation.update.source)))
    return {**body, "status": _status(operation, result)}


def _status(operation: Operation, result: WriteResult) -> int:
    return 404 if operation.action == "delete" and result.result == "not_found" else result.status


def _failed(operation: Operation, index: str, error: RestError) -> dict[str, Any]:
    return {"_index": index, "_id": operation.id, "status": error.status, "error": error.cause()}
