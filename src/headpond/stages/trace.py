"""What each processor did to a record, as `_simulate?verbose` shows it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from headpond.errors import RestError
from headpond.stages.ingest.base import Processor
from headpond.stages.record import Record


def document(record: Record) -> dict[str, Any]:
    """A record as simulations show it: metadata as texts, `_source`, `_ingest`."""
    metadata = {key: str(value) for key, value in record.metadata.items() if value is not None}
    return {**metadata, "_source": deepcopy(record.document), "_ingest": deepcopy(record.ingest)}


def after(record: Record, processor: Processor[Any]) -> None:
    """Notes what a processor did; one that keeps its own trace (`pipeline`) has done so already."""
    if record.trace is None or processor.traces_itself:
        return
    if record.failure is not None:
        failed(record, processor, record.failure.cause)
    elif record.dropped:
        record.trace.append(_entry(processor, "dropped"))
    else:
        record.trace.append(_entry(processor, "success") | {"doc": document(record)})


def failed(record: Record, processor: Processor[Any], cause: RestError | None) -> None:
    """Notes a failure, with the document where it is ignored."""
    if record.trace is None:
        return
    error = {"error": cause.body()["error"]} if cause is not None else {}
    if processor.spec.ignore_failure:
        ignored = {"ignored_error": error, "doc": document(record)}
        record.trace.append(_entry(processor, "error_ignored") | ignored)
    else:
        record.trace.append(_entry(processor, "error") | error)


def skipped(record: Record, processor: Processor[Any]) -> None:
    """Notes a processor whose condition was not met."""
    if record.trace is not None:
        record.trace.append(_entry(processor, "skipped", met=False))


def entered(record: Record, processor: Processor[Any]) -> None:
    """Notes that a `pipeline` processor begins."""
    if record.trace is not None:
        record.trace.append(_entry(processor, "success"))


def _entry(processor: Processor[Any], status: str, *, met: bool = True) -> dict[str, Any]:
    spec = processor.spec
    entry: dict[str, Any] = {"processor_type": processor.type, "status": status}
    if spec.description is not None:
        entry["description"] = spec.description
    if spec.tag is not None:
        entry["tag"] = spec.tag
    if spec.condition is not None:
        source = spec.condition if isinstance(spec.condition, str) else spec.condition["source"]
        entry["if"] = {"condition": source, "result": met}
    return entry
