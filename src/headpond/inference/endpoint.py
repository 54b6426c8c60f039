"""An inference endpoint: an id, a task and the service that does it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headpond.inference.invalid import validation_failed
from headpond.inference.task_type import TaskType

_ID = re.compile(r"[a-z0-9](?:[a-z0-9_.\-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One stored endpoint, without its secrets.

    Attributes:
        inference_id: its name.
        task_type: what it does; never `ANY`.
        service: the service's name.
        service_settings: what is shown of the service's settings, in the order shown.
        task_settings: defaults of requests; left out of the JSON when empty.
        chunking_settings: embedding tasks only.
        hidden: what the service must remember but Elasticsearch does not show, such as `dimensions_set_by_user`.
    """

    inference_id: str
    task_type: TaskType
    service: str
    service_settings: Mapping[str, Any] = field(default_factory=dict)
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    chunking_settings: Mapping[str, Any] | None = None
    hidden: Mapping[str, Any] = field(default_factory=dict)

    def with_settings(self, **changed: Any) -> Endpoint:
        """A copy with service settings added or replaced; None takes one out."""
        merged = {**self.service_settings, **changed}
        return replace(self, service_settings={name: value for name, value in merged.items() if value is not None})

    def with_order(self, names: Iterable[str]) -> Endpoint:
        """A copy whose service settings stand in this order."""
        return replace(self, service_settings={name: self.service_settings[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        """The answer of PUT and GET, members in Elasticsearch's order (9.x leaves empty task settings out)."""
        shown: dict[str, Any] = {
            "inference_id": self.inference_id,
            "task_type": str(self.task_type),
            "service": self.service,
            "service_settings": dict(self.service_settings),
        }
        if self.task_settings:
            shown["task_settings"] = dict(self.task_settings)
        if self.chunking_settings is not None:
            shown["chunking_settings"] = dict(self.chunking_settings)
        return shown

    def to_stored(self) -> dict[str, Any]:
        """What is kept on disk: the JSON and what is hidden."""
        return {**self.to_json(), "hidden": dict(self.hidden)}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Endpoint:
        """The endpoint that `to_stored` wrote."""
        return cls(
            inference_id=stored["inference_id"],
            task_type=TaskType(stored["task_type"]),
            service=stored["service"],
            service_settings=stored["service_settings"],
            task_settings=stored.get("task_settings", {}),
            chunking_settings=stored.get("chunking_settings"),
            hidden=stored.get("hidden", {}),
        )


def check_id(inference_id: str) -> None:
    """Refuses ids that Elasticsearch refuses: upper case, odd characters, a mark at either end.

    Raises:
        RestError: 400 `action_request_validation_exception`.
    """
    if not _ID.fullmatch(inference_id):
        rule = "can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores"
        reason = f"Invalid inference_id; '{inference_id}' {rule}; must start and end with alphanumeric"
        raise validation_failed([reason])
