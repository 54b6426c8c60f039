"""Reading service settings as a service's configuration describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import Setting
from headpond.services._http.provider import SIMILARITIES


def read_settings(
    configuration: Mapping[str, Setting], task_type: TaskType, settings: Settings, *, required: bool = True
) -> dict[str, Any]:
    """The settings of a task type, except for secrets and the rate limit; None for those not given.

    Args:
        configuration: what the settings are.
        task_type: of the endpoint.
        settings: what was given.
        required: False for an `_update`, which may give some of them.
    """
    return {
        name: _read(settings, name, setting, required and setting.required)
        for name, setting in configuration.items()
        if not setting.sensitive and "." not in name and task_type in (setting.task_types or (task_type,))
    }


def _read(settings: Settings, name: str, setting: Setting, required: bool) -> Any:
    if name.endswith("url"):
        return settings.url(name, required=required)
    if name == "similarity":
        return settings.choice(name, SIMILARITIES)
    if setting.type == "int":
        return settings.positive(name, required=required)
    if setting.type == "list":
        return settings.texts(name)
    return settings.text(name, required=required)
