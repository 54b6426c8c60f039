"""Reads requests to start a deployment and to change one, with the errors of Elasticsearch's parsers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headpond.errors import RestError
from headpond.inference.body import Body, Members, Reader
from headpond.inference.duration import parse_duration
from headpond.inference.invalid import status_exception, validation_failed
from headpond.inference.json_position import Path
from headpond.node.call import Call
from headpond.node.trained_models.deployment import Deployment, memory

START_PARSER = "cluster:admin/xpack/ml/trained_models/deployment/start"
UPDATE_PARSER = "cluster:admin/xpack/ml/trained_models/deployment/update"
STATES = ("starting", "started", "fully_allocated")
START_PARAMS = (
    "cache_size", "deployment_id", "number_of_allocations", "priority", "queue_capacity", "threads_per_allocation",
    "timeout", "wait_for",
)  # fmt: skip

LARGEST_QUEUE = 100_000
_SIZE = re.compile(r"(\d+)\s*(b|k|kb|m|mb|g|gb|t|tb)")
_UNITS = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True, slots=True)
class Start:
    """A request to start.

    Attributes:
        deployment_id: None for the model's id.
        timeout: as it was written.
        wait_for: the state to wait for.
        cache_size: bytes; None for the model's size.
        number_of_allocations: None where it was not said.
    """

    deployment_id: str | None = None
    timeout: str = "30s"
    wait_for: str = "started"
    number_of_allocations: int | None = None
    threads_per_allocation: int = 1
    queue_capacity: int = 10_000
    cache_size: int | None = None
    priority: str = "normal"
    adaptive_allocations: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, call: Call) -> Start:
        """Reads body and query; the query wins.

        Raises:
            RestError: 400, with Elasticsearch's texts.
        """
        model_id = call.part("model_id")
        body = Body(call.body if call.body is not None else {}, call.request.body or None)
        given = body.object(START_PARSER, (), body.value, _Members(body, START_PARSER).readers())
        named = given.pop("model_id", model_id)
        if named != model_id:
            reason = f"Inconsistent model_id; '{named}' specified in the body differs from '{model_id}'"
            raise status_exception(400, f"{reason} specified as a URL argument")
        start = replace(cls(), **given, **_query(call))
        start.check()
        return start

    def check(self) -> None:
        """Refuses values out of range.

        Raises:
            RestError: 400, all problems in one answer.
        """
        adaptive = self.adaptive_allocations
        problems = _allocation_problems(self.number_of_allocations, adaptive)
        threads = self.threads_per_allocation
        if threads < 1 or threads > 32 or threads & (threads - 1):
            problems.append("[threads_per_allocation] must be a power of 2 less than or equal to 32")
        if self.queue_capacity < 1:
            problems.append("[queue_capacity] must be a positive integer")
        if self.queue_capacity > LARGEST_QUEUE:
            problems.append(f"[queue_capacity] must be less than {LARGEST_QUEUE}")
        if self.priority == "low":
            if (self.number_of_allocations or 1) > 1:
                problems.append("[number_of_allocations] must be 1 when [priority] is low")
            if threads > 1:
                problems.append("[threads_per_allocation] must be 1 when [priority] is low")
        if problems:
            raise validation_failed(problems)

    def deployment(self, model_id: str, model_bytes: int, metadata: Mapping[str, Any]) -> Deployment:
        """The deployment that is asked for."""
        minimum = (self.adaptive_allocations or {}).get("min_number_of_allocations")
        return Deployment(
            deployment_id=self.deployment_id or model_id,
            model_id=model_id,
            model_bytes=model_bytes,
            threads_per_allocation=self.threads_per_allocation,
            number_of_allocations=self.number_of_allocations or minimum or 1,
            queue_capacity=self.queue_capacity,
            cache_size=model_bytes if self.cache_size is None else self.cache_size,
            priority=self.priority,
            adaptive_allocations=self.adaptive_allocations,
            per_deployment_memory_bytes=memory(metadata, "per_deployment_memory_bytes"),
            per_allocation_memory_bytes=memory(metadata, "per_allocation_memory_bytes"),
            start_time=time.time_ns() // 1_000_000,
        )


def read_update(call: Call, deployment: Deployment) -> Deployment:
    """The deployment with what an `_update` changes: the number of allocations, or that they adapt.

    Raises:
        RestError: 400, with Elasticsearch's texts.
    """
    body = Body(call.required_body, call.request.body)
    members = _Members(body, UPDATE_PARSER)
    readers: dict[str, Reader] = {
        "number_of_allocations": members.integer,
        "adaptive_allocations": members.adaptive,
        "deployment_id": members.text,
        "model_id": members.text,
        "timeout": members.text,
    }
    given = body.object(UPDATE_PARSER, (), body.value, readers)
    number, adaptive = given.get("number_of_allocations"), given.get("adaptive_allocations")
    if problems := _allocation_problems(number, adaptive):
        raise validation_failed(problems)
    if adaptive is not None:
        minimum = adaptive.get("min_number_of_allocations") or deployment.number_of_allocations
        return replace(deployment, adaptive_allocations=adaptive, number_of_allocations=minimum)
    return replace(deployment, number_of_allocations=number or deployment.number_of_allocations)


def _allocation_problems(number: int | None, adaptive: Mapping[str, Any] | None) -> list[str]:
    problems = []
    if number is not None:
        if number < 1:
            problems.append("[number_of_allocations] must be a positive integer")
        if adaptive and adaptive["enabled"]:
            problems.append("[number_of_allocations] cannot be set if adaptive allocations is enabled")
    if adaptive:
        low, high = adaptive.get("min_number_of_allocations"), adaptive.get("max_number_of_allocations")
        if low is not None and low < 0:
            problems.append("[min_number_of_allocations] must be a non-negative integer or null")
        if high is not None and high < 1:
            problems.append("[max_number_of_allocations] must be a positive integer or null")
        if low is not None and high is not None and low > high:
            problems.append("[min_number_of_allocations] must not be larger than [max_number_of_allocations]")
    return problems


def _query(call: Call) -> dict[str, Any]:
    """The query's parameters, those that are given."""
    given: dict[str, Any] = {}
    for name in ("number_of_allocations", "threads_per_allocation", "queue_capacity"):
        if (number := call.integer(name)) is not None:
            given[name] = number
    for name, read in (("timeout", _timeout), ("wait_for", _state), ("priority", _priority), ("cache_size", _bytes)):
        if (text := call.text(name)) is not None:
            given[name] = read(text)
    if (deployment_id := call.text("deployment_id")) is not None:
        given["deployment_id"] = deployment_id
    return given


def _timeout(text: str) -> str:
    try:
        parse_duration(text, "timeout")
    except ValueError as error:
        raise RestError(400, "illegal_argument_exception", str(error)) from None
    return text


def _state(text: str) -> str:
    return _constant(text, STATES, "inference.assignment.AllocationStatus.State")


def _priority(text: str) -> str:
    return _constant(text, ("low", "normal"), "inference.assignment.Priority")


def _constant(text: str, known: tuple[str, ...], enum: str) -> str:
    if text.lower() not in known:
        reason = f"No enum constant org.elasticsearch.xpack.core.ml.{enum}.{text.upper()}"
        raise RestError(400, "illegal_argument_exception", reason)
    return text.lower()


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        if text.strip() == "0":
            return 0
        reason = f"failed to parse setting [cache_size] with value [{text}] as a size in bytes"
        raise RestError(400, "parse_exception", f"{reason}: unit is missing or unrecognized")
    return int(found[1]) << (10 * _UNITS[found[2][0]])


class _Members(Members):
    """Readers of the bodies of start and update."""

    def __init__(self, body: Body, parser: str) -> None:
        super().__init__(body, parser)
        self._name = parser

    def readers(self) -> dict[str, Reader]:
        """What the body of a start may hold."""
        return {
            "model_id": self.text,
            "deployment_id": self.text,
            "timeout": self._within(_timeout),
            "wait_for": self._within(_state),
            "number_of_allocations": self.integer,
            "threads_per_allocation": self.integer,
            "queue_capacity": self.integer,
            "cache_size": self._within(_bytes),
            "priority": self._within(_priority),
            "adaptive_allocations": self.adaptive,
        }

    def adaptive(self, path: Path, value: Any) -> dict[str, Any] | None:
        """How allocations adapt, or null."""
        if value is None:
            return None
        parser = "adaptive_allocations"
        members = Members(self._body, parser)
        readers: dict[str, Reader] = {
            "enabled": members.flag,
            "min_number_of_allocations": members.integer,
            "max_number_of_allocations": members.integer,
        }
        return {"enabled": False, **self._body.object(parser, path, value, readers)}

    def _within(self, read: Callable[[str], Any]) -> Reader:
        def reader(path: Path, value: Any) -> Any:
            try:
                return read(self.text(path, value))
            except RestError as error:
                if error.type == "x_content_parse_exception":
                    raise
                raise self._body.failed(self._name, path, error) from None

        return reader
