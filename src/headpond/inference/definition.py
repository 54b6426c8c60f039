"""The bodies that make an endpoint and change it, up to what only its service understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.inference.invalid import status_exception
from headpond.inference.settings import SERVICE_SETTINGS, TASK_SETTINGS, java_text
from headpond.inference.task_type import TaskType


@dataclass(frozen=True, slots=True)
class Definition:
    """The body of a PUT.

    Attributes:
        task_type: from the path or the body; never `ANY`.
        service: as given; not checked to exist.
        config: the rest.
    """

    task_type: TaskType
    service: str
    config: Mapping[str, Any]

    @classmethod
    def parse(cls, task_type: TaskType | None, body: Mapping[str, Any]) -> Definition:
        """Reads a body.

        Args:
            task_type: from the path; None or `ANY` takes the one in the body.
            body: the parsed JSON.

        Raises:
            RestError: 400, no task type, two different ones, or no service.
        """
        config = dict(body)
        found = _resolve(task_type, config)
        service = config.pop("service", None)
        if service is None:
            raise status_exception(400, "Inference endpoint configuration is missing the [service] setting")
        return cls(found, java_text(service), config)


@dataclass(frozen=True, slots=True)
class Change:
    """The body of an `_update`.

    Attributes:
        task_type: must be the endpoint's; None when not given.
        service_settings: new values.
        task_settings: new values.
    """

    task_type: TaskType | None
    service_settings: Mapping[str, Any]
    task_settings: Mapping[str, Any]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Change:
        """Reads a body.

        Raises:
            RestError: 400, it is empty or holds what cannot be updated; 500 for a task type that is no text, as in
                Elasticsearch.
        """
        if not body:
            raise status_exception(400, "Request body is empty")
        left = dict(body)
        stated = left.pop("task_type", None)
        if stated is not None and not isinstance(stated, str):
            reason = f"Failed to parse [task_type] in update request [{java_text({'task_type': stated})}]"
            raise status_exception(500, reason)
        service, task = _settings(left, SERVICE_SETTINGS), _settings(left, TASK_SETTINGS)
        if left:
            raise not_updatable(left)
        return cls(TaskType.parse(stated) if stated else None, service, task)


def not_updatable(left: Mapping[str, Any]) -> RestError:
    """The answer to an `_update` of what cannot be updated."""
    reason = "Request contained fields which cannot be updated, remove these fields and try again"
    return status_exception(400, f"{reason} [{java_text(left)}]")


def _settings(left: dict[str, Any], name: str) -> Mapping[str, Any]:
    value = left.pop(name, None)
    if value is None:
        return {}
    if not isinstance(value, dict):
        words = name.replace("_", " ")
        raise status_exception(400, f"Unable to parse {words} in the request [{java_text({name: value})}]")
    return value


def _resolve(of_path: TaskType | None, config: dict[str, Any]) -> TaskType:
    """The task type from the path or the body, which must not differ."""
    stated = config.pop("task_type", None)
    of_body = TaskType.parse(java_text(stated)) if stated is not None else None
    known = {task_type for task_type in (of_path, of_body) if task_type not in (None, TaskType.ANY)}
    if not known:
        raise status_exception(400, "model is missing required setting [task_type]")
    if len(known) > 1:
        raise status_exception(
            400,
            f"Cannot resolve conflicting task_type parameter in the request URL [{of_path}] and the request body"
            f" [{of_body}]",
        )
    found = known.pop()
    assert found is not None
    return found
