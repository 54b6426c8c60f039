"""What `_ml/trained_models/_stats` says of a model and of each of its deployments."""

from __future__ import annotations

import time
from typing import Any

from headpond.node.identity import NODE_ID, NODE_NAME, VERSION
from headpond.node.trained_models.deployment import memory, native_memory
from headpond.node.trained_models.running import Counts, Running
from headpond.node.trained_models.trained_model import TrainedModel

_UNITS = ("b", "kb", "mb", "gb", "tb")


def rows(model: TrainedModel, running: list[Running]) -> list[dict[str, Any]]:
    """One entry for each deployment, or one for a model that is not deployed."""
    if not running:
        return [_row(model, None)]
    return [_row(model, one) for one in running]


def _row(model: TrainedModel, running: Running | None) -> dict[str, Any]:
    metadata = model.metadata or {}
    native = native_memory(
        model.model_size_bytes,
        memory(metadata, "per_deployment_memory_bytes"),
        memory(metadata, "per_allocation_memory_bytes"),
        running.deployment.number_of_allocations if running else 1,
    )
    counts = running.counts if running else Counts()
    row: dict[str, Any] = {
        "model_id": model.model_id,
        "model_size_stats": {
            "model_size_bytes": model.model_size_bytes,
            "required_native_memory_bytes": native,
        },
        "pipeline_count": 0,
        "inference_stats": {
            "failure_count": counts.errors + counts.timeouts,
            "inference_count": counts.inferences,
            "cache_miss_count": 0,
            "missing_all_fields_count": 0,
            "timestamp": time.time_ns() // 1_000_000,
        },
    }
    return {**row, "deployment_stats": _deployment(running)} if running else row


def _deployment(running: Running) -> dict[str, Any]:
    deployment, counts = running.deployment, running.counts
    number = deployment.number_of_allocations
    ready = number if running.state == "started" else 0
    stats: dict[str, Any] = {
        "deployment_id": deployment.deployment_id,
        "model_id": deployment.model_id,
        "threads_per_allocation": deployment.threads_per_allocation,
        "number_of_allocations": number,
    }
    if deployment.adaptive_allocations is not None:
        stats["adaptive_allocations"] = dict(deployment.adaptive_allocations)
    stats |= {"queue_capacity": deployment.queue_capacity, "state": running.state}
    stats["allocation_status"] = {
        "allocation_count": ready,
        "target_allocation_count": number,
        "state": "fully_allocated" if ready else "starting",
    }
    stats |= {"cache_size": _size(deployment.cache_size), "priority": deployment.priority}
    stats["start_time"] = deployment.start_time
    stats |= {name: count for name, count in _failures(counts).items() if count}
    if counts.inferences:
        stats["inference_count"] = counts.inferences
    stats["peak_throughput_per_minute"] = counts.peak
    stats["nodes"] = [_node(running)]
    return stats


def _node(running: Running) -> dict[str, Any]:
    deployment, counts = running.deployment, running.counts
    named = {
        "name": NODE_NAME,
        "ephemeral_id": NODE_ID,
        "transport_address": "127.0.0.1:9300",
        "external_id": NODE_NAME,
        "attributes": {},
        "roles": ["ml"],
        "version": VERSION,
    }
    route = {"routing_state": running.state}
    node: dict[str, Any] = {"node": {NODE_ID: named}, "routing_state": route, "inference_count": counts.inferences}
    if counts.inferences:
        average = counts.milliseconds / counts.inferences
        node |= {"average_inference_time_ms": average, "average_inference_time_ms_excluding_cache_hits": average}
    node["inference_cache_hit_count"] = 0
    if counts.last_access is not None:
        node["last_access"] = counts.last_access
    node["number_of_pending_requests"] = 0
    node |= {name: count for name, count in _failures(counts).items() if count}
    node |= {
        "start_time": deployment.start_time,
        "threads_per_allocation": deployment.threads_per_allocation,
        "number_of_allocations": deployment.number_of_allocations,
        "peak_throughput_per_minute": counts.peak,
        "throughput_last_minute": counts.last_minute(),
        "inference_cache_hit_count_last_minute": 0,
    }
    return node


def _failures(counts: Counts) -> dict[str, int]:
    return {"error_count": counts.errors, "timeout_count": counts.timeouts}


def _size(count: int) -> str:
    """A number of bytes as Elasticsearch shows it: the largest unit, at most one decimal, which is cut."""
    unit = 0
    while count >= 1024 ** (unit + 1) and unit < len(_UNITS) - 1:
        unit += 1
    tenths = count * 10 // 1024**unit
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}{_UNITS[unit]}" if tenth else f"{whole}{_UNITS[unit]}"
