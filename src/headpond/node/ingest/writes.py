"""Runs ingest pipelines over the documents of write requests, before anything is written.

A document passes the pipeline that its request names, else its index's `default_pipeline`; then the `final_pipeline`.
One that a pipeline sends to another index passes that index's `final_pipeline` instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from headpond import exact_json
from headpond.errors import RestError
from headpond.node.call import illegal_argument, loads, malformed
from headpond.node.ingest.simulate import ANY_VERSION
from headpond.node.ingest.stored import StoredPipelines
from headpond.node.store.indices import Indices
from headpond.node.store.operation import Operation, read_conditions
from headpond.stages.ingest.base import Context
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.record import Record, timestamp

NONE = "_none"
"""Stands for no pipeline."""
_CONDITIONS = {"_version": "version", "_version_type": "version_type", "_if_seq_no": "if_seq_no",
               "_if_primary_term": "if_primary_term"}  # fmt: skip


@dataclass(slots=True)
class _Passing:
    """A document on its way through pipelines: their ids, each with whether it is the final one."""

    operation: Operation
    record: Record
    todo: list[tuple[str, bool]]
    index: str
    visited: list[str]


def run_pipelines(operations: Iterable[Operation], indices: Indices, stored: StoredPipelines, context: Context) -> bool:
    """Changes the operations as their pipelines say; those that fail or are dropped say so.

    Args:
        operations: of one request.
        indices: whose settings name pipelines.
        stored: the node's pipelines.
        context: what processors are handed.

    Returns:
        Whether any pipeline was called for.
    """
    passing = [one for operation in operations if (one := _begun(operation, indices)) is not None]
    called = bool(passing)
    while passing:
        by_pipeline: dict[tuple[str, bool], list[_Passing]] = {}
        for one in passing:
            if one.operation.refused is None:
                by_pipeline.setdefault(one.todo.pop(0), []).append(one)
        for (id, final), some in by_pipeline.items():
            _run(id, some, stored, context)
            for one in some:
                _settle(one, id, final, indices)
        passing = [one for one in passing if one.todo]
    return called


def _begun(operation: Operation, indices: Indices) -> _Passing | None:
    """The document with the pipelines before it; None where there are none."""
    if operation.action == "delete" or (operation.update is not None and _fresh(operation) is None):
        return None
    todo = _pipelines(operation, indices)
    if not todo:
        return None
    index = operation.index
    record = Record({}, operation.id or "", metadata=_metadata(operation), ingest={"timestamp": timestamp()})
    one = _Passing(operation, record, todo, index, [index])
    try:
        record.document = _document(operation)
    except RestError as error:
        operation.refused = error
    return one


def _pipelines(operation: Operation, indices: Indices) -> list[tuple[str, bool]]:
    settings = _settings(operation.index, indices)
    # What an update writes where its document is missing has a pipeline of the request, a `doc_as_upsert` has not.
    asked = None if operation.update is not None and operation.update.doc_as_upsert else operation.pipeline
    first = asked if asked is not None else settings.get("index.default_pipeline")
    final = settings.get("index.final_pipeline")
    return [(id, is_final) for id, is_final in ((first, False), (final, True)) if id not in (None, NONE)]


def _settings(name: str, indices: Indices) -> dict[str, Any]:
    """The settings of the index that a write to a name or alias goes to; empty where it would be made."""
    try:
        if name in indices:
            return indices.one(name).metadata.settings
        if indices.aliases.indices_of(name):
            return indices.aliases.write_index(name).metadata.settings
    except RestError:  # the write itself says what is wrong with the alias
        pass
    return {}


def _fresh(operation: Operation) -> dict[str, Any] | None:
    """What an update writes where the document is missing."""
    assert operation.update is not None
    return operation.update.doc if operation.update.doc_as_upsert else operation.update.upsert


def _metadata(operation: Operation) -> dict[str, Any]:
    version = operation.conditions.version
    metadata: dict[str, Any] = {
        "_index": operation.index,
        "_id": operation.id,
        "_version": ANY_VERSION if version is None else version,
    }
    if operation.routing is not None:
        metadata["_routing"] = operation.routing
    return metadata | {"_version_type": _version_type(operation)}


def _version_type(operation: Operation) -> str:
    if operation.conditions.version is None:
        return "internal"
    return "external_gte" if operation.conditions.or_equal else "external"


def _document(operation: Operation) -> dict[str, Any]:
    if operation.update is not None:
        return dict(_fresh(operation) or {})
    try:
        document = loads(operation.raw)
    except orjson.JSONDecodeError as error:
        raise RestError(400, "parse_exception", "Failed to parse content to map", caused_by=malformed(error)) from None
    if not isinstance(document, dict):
        raise RestError(400, "parse_exception", "Failed to parse content to map")
    return document


def _run(id: str, some: list[_Passing], stored: StoredPipelines, context: Context) -> None:
    pipeline: IngestPipeline | RestError | None
    try:
        pipeline = stored.get(id)
    except RestError as error:
        pipeline = error
    if pipeline is None:
        pipeline = illegal_argument(f"pipeline with id [{id}] does not exist")
    if isinstance(pipeline, RestError):
        for one in some:
            one.operation.refused = pipeline
        return
    pipeline.run([one.record for one in some], context)


def _settle(one: _Passing, id: str, final: bool, indices: Indices) -> None:
    """Takes over what a pipeline made of a document, and says which ones come next."""
    operation, record = one.operation, one.record
    if operation.refused is None and record.failure is not None:
        operation.refused = record.failure.cause or RestError(500, "exception", record.failure.error)
    if operation.refused is not None or record.dropped:
        operation.dropped = operation.refused is None
        one.todo.clear()
        return
    operation.executed.append(id)
    try:
        _moved(one, id, final, indices)
        if not one.todo:
            _take_over(operation, record, one.index)
    except RestError as error:
        operation.refused = error
        one.todo.clear()


def _moved(one: _Passing, id: str, final: bool, indices: Indices) -> None:
    """Where a pipeline changed `_index`: the pipelines that come next are those of the new index."""
    before, one.index = one.index, str(one.record.metadata.get("_index") or one.index)
    if before == one.index:
        return
    document = one.record.metadata.get("_id")
    shown = "null" if document is None else document
    if final:
        way = f"(from [{before}] to [{one.index}])"
        reason = f"final pipeline [{id}] can't change the target index {way} for document [{shown}]"
        raise RestError(500, "illegal_state_exception", reason)
    one.visited.append(one.index)
    if one.index in one.visited[:-1]:
        cycle = ", ".join(one.visited)
        reason = f"index cycle detected while processing pipeline [{id}] for document [{shown}]: [{cycle}]"
        raise RestError(500, "illegal_state_exception", reason)
    last = _settings(one.index, indices).get("index.final_pipeline")
    one.todo = [(last, True)] if last not in (None, NONE) else []


def _take_over(operation: Operation, record: Record, index: str) -> None:
    if operation.update is not None:
        if operation.update.doc_as_upsert:
            operation.update.doc = record.document
        else:
            operation.update.upsert = record.document
        return
    metadata = record.metadata
    if metadata.get("_dynamic_templates"):
        reason = "[_dynamic_templates] of a document is not supported by headpond; put them into the mapping"
        raise RestError(501, "not_implemented_exception", reason)
    operation.raw = exact_json.dumps(record.document, orjson.OPT_SERIALIZE_NUMPY)
    operation.index, operation.id = index, metadata.get("_id")
    operation.routing = metadata.get("_routing")
    before = _metadata(operation)
    if any(metadata.get(name) != before.get(name) for name in _CONDITIONS):
        given = {option: metadata.get(name) for name, option in _CONDITIONS.items()}
        if given["version"] == ANY_VERSION:
            given |= {"version": None, "version_type": None}
        operation.conditions = read_conditions(given, create=operation.action == "create")
