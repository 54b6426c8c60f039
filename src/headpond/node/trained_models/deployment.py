"""A deployment: a trained model that was started, with how much it may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from headpond.node.identity import NODE_ID

MIB = 1024 * 1024
OVERHEAD = 240 * MIB


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment; how many threads really run is up to `HEADPOND_THREADS`, the numbers are kept and shown.

    Attributes:
        deployment_id: its id, by default the model's.
        model_id: what runs.
        model_bytes: length of the definition.
        threads_per_allocation, number_of_allocations, queue_capacity, cache_size, priority, adaptive_allocations:
            as asked for.
        per_deployment_memory_bytes, per_allocation_memory_bytes: as the model's metadata say.
        start_time: milliseconds since 1970.
    """

    deployment_id: str
    model_id: str
    model_bytes: int
    threads_per_allocation: int
    number_of_allocations: int
    queue_capacity: int
    cache_size: int
    priority: str
    adaptive_allocations: Mapping[str, Any] | None
    per_deployment_memory_bytes: int
    per_allocation_memory_bytes: int
    start_time: int

    def to_json(self, state: str) -> dict[str, Any]:
        """The answer of start and update."""
        parameters: dict[str, Any] = {
            "model_id": self.model_id,
            "deployment_id": self.deployment_id,
            "model_bytes": self.model_bytes,
            "threads_per_allocation": self.threads_per_allocation,
            "number_of_allocations": self.number_of_allocations,
            "queue_capacity": self.queue_capacity,
            "cache_size": f"{self.cache_size}b",
            "priority": self.priority,
            "per_deployment_memory_bytes": self.per_deployment_memory_bytes,
            "per_allocation_memory_bytes": self.per_allocation_memory_bytes,
        }
        number = self.number_of_allocations
        route = {
            "current_allocations": number,
            "target_allocations": number,
            "routing_state": state,
            "reason": "",
        }
        return {
            "assignment": {
                "task_parameters": parameters,
                "routing_table": {NODE_ID: route},
                "assignment_state": state,
                "start_time": _iso(self.start_time),
                "max_assigned_allocations": number,
                "adaptive_allocations": self.adaptive_allocations,
            }
        }

    def to_stored(self) -> dict[str, Any]:
        """What is kept."""
        return asdict(self)

    @property
    def native_memory_bytes(self) -> int:
        """What Elasticsearch would reserve."""
        allocations = self.number_of_allocations
        return native_memory(
            self.model_bytes, self.per_deployment_memory_bytes, self.per_allocation_memory_bytes, allocations
        )


def native_memory(model_bytes: int, per_deployment: int, per_allocation: int, allocations: int) -> int:
    """Bytes that Elasticsearch 9.2 reserves for a deployment."""
    guessed = OVERHEAD + 2 * model_bytes
    return max(guessed, model_bytes + per_deployment + per_allocation * allocations)


def memory(metadata: Mapping[str, Any], name: str) -> int:
    """A number of bytes in a model's metadata; 0 where there is none."""
    value = metadata.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _iso(millis: int) -> str:
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03d}Z"
