"""Tries a pipeline on documents that are given, and indexes nothing: `_simulate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.ingest.reading import parse
from headpond.node.ingest.stored import StoredPipelines
from headpond.stages import java, trace
from headpond.stages.ingest.base import Context
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.options import parse_exception
from headpond.stages.record import Record, timestamp

SIMULATED = "_simulate_pipeline"
ANY_VERSION = -3
"""The version of a document that comes without one (`Versions.MATCH_ANY`)."""


def simulate(
    body: Mapping[str, Any], id: str | None, stored: StoredPipelines, context: Context, *, verbose: bool
) -> dict[str, Any]:
    """The answer to `_simulate`.

    Args:
        body: `docs`, and without an id the `pipeline`.
        id: the stored pipeline to try.
        stored: the node's pipelines.
        context: what processors are handed.
        verbose: shows what each processor did.

    Raises:
        RestError: 400, the request is not valid; what processors refuse stands in the answer.
    """
    pipeline = _given(body) if id is None else stored.get(id)
    if pipeline is None:
        raise illegal_argument(f"pipeline [{id}] does not exist")
    records = _records(body)
    for record in records:
        record.trace = [] if verbose else None
    pipeline.run(records, context)
    return {"docs": [_shown(record) for record in records]}


def _given(body: Mapping[str, Any]) -> IngestPipeline:
    return parse(SIMULATED, _required(body, "pipeline", dict, "map"))


def _shown(record: Record) -> dict[str, Any] | None:
    if record.trace is not None:
        return {"processor_results": record.trace}
    if record.failure is not None:
        cause = record.failure.cause or RestError(500, "exception", record.failure.error)
        return {"error": cause.body()["error"]}
    return None if record.dropped else {"doc": trace.document(record)}


def _records(body: Mapping[str, Any]) -> list[Record]:
    docs = _required(body, "docs", list, "list")
    if not docs:
        raise illegal_argument("must specify at least one document in [docs]")
    return [_record(doc) for doc in docs]


def _record(doc: Any) -> Record:
    if not isinstance(doc, dict):
        raise illegal_argument("malformed [docs] section, should include an inner object")
    source = _required(doc, "_source", dict, "map")
    metadata: dict[str, Any] = {
        "_index": _text(doc, "_index") or "_index",
        "_id": _text(doc, "_id") or "_id",
        "_version": ANY_VERSION,
    }
    if (routing := _text(doc, "_routing")) is not None:
        metadata["_routing"] = routing
    for name in ("_version", "_if_seq_no", "_if_primary_term"):
        if name in doc:
            metadata[name] = _number(doc, name)
    record = Record(source, metadata["_id"], metadata=metadata, ingest={"timestamp": timestamp()})
    for name in ("_version_type", "_dynamic_templates"):
        if name in doc:
            try:
                record.root[name] = doc[name]
            except ValueError as error:
                raise illegal_argument(str(error)) from None
    return record


def _required(body: Mapping[str, Any], name: str, kind: type, said: str) -> Any:
    value = body.get(name)
    if value is None:
        raise parse_exception("required property is missing", option=name)
    if not isinstance(value, kind):
        raise parse_exception(f"property isn't a {said}, but of type [{java.type_name(value)}]", option=name)
    return value


def _text(doc: Mapping[str, Any], name: str) -> str | None:
    value = doc.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    kind = java.type_name(value)
    raise parse_exception(f"property isn't a string or int, but of type [{kind}]", option=name)


def _number(doc: Mapping[str, Any], name: str) -> int:
    value = doc[name]
    if value is None:
        raise illegal_argument(f"[{name}] cannot be null")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        kind = java.type_name(value)
        raise parse_exception(f"property isn't a string or long, but of type [{kind}]", option=name)
    return java.parse_whole(value, 64)
