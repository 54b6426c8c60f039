"""What the contract tests need to know of one service and task type.

A new service adds `tests/services/cases/<service>.py` with a list `CASES`; everything in `test_contract*.py` then runs
on it, and the support table of docs/reference.md names how it was checked.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.services.provider import Asked, Reply

SECRET = "hunter2-of-the-contract"
"""Goes into every secret of every case; must not come out anywhere."""

TEXTS = ("a", "bcd")
"""What the contract tests embed and rank."""


@dataclass(frozen=True)
class Case:
    """One service and task type.

    Attributes:
        service: the name of the service.
        task_type: what its endpoint does.
        settings: makes the service settings from the URL of a provider on this machine; secrets are `SECRET`.
        answer: what the provider answers to a good request, streams included, as its documentation shows it. A dense
            vector for a text `t` is `[len(t), 1.0, 0.5]`; a longer document is ranked higher.
        error: the provider's error body around a message.
        task_settings: of the endpoint.
        required: names of required service settings.
        secrets: names of the settings that are secret.
        max_inputs: texts in one request at most; None when not limited or not an embedding.
        authorized: whether a request carries the secret as the provider wants it.
        retried: statuses after which the same request is sent again.
        words: beginnings of errors that are this provider's own, by status.
        fetches: whether a request fetches credentials from the provider, instead of asking its model.
        renews: whether a request that is refused with 401 is sent once more with credentials that were fetched anew.
        streams: whether a completion may be asked for piece by piece.
        single: whether a completion takes one text only.
        checked: how the wire format was checked besides the stand-in: "published schema", "vendor's SDK", ...
    """

    service: str
    task_type: str
    settings: Callable[[str], dict[str, Any]]
    answer: Callable[[Asked], Reply]
    error: Callable[[str], Any]
    authorized: Callable[[Asked], bool]
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ("api_key",)
    max_inputs: int | None = None
    retried: tuple[int, ...] = (429, 500, 503)
    words: Mapping[int, str] = field(default_factory=dict)
    fetches: Callable[[Asked], bool] = lambda asked: False
    renews: bool = False
    streams: bool = True
    single: bool = True
    checked: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.service}-{self.task_type}"

    def config(self, url: str) -> dict[str, Any]:
        """The body of the PUT."""
        config: dict[str, Any] = {"service": self.service, "service_settings": self.settings(url)}
        if self.task_settings:
            config["task_settings"] = dict(self.task_settings)
        return config


def all_cases() -> list[Case]:
    """The cases of all services."""
    package = importlib.import_module("tests.services.cases")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [case for name in modules for case in importlib.import_module(f"{package.__name__}.{name}").CASES]


def streaming() -> list[Case]:
    """The cases that are asked for piece by piece."""
    return [case for case in cases("completion", "chat_completion") if case.streams]


def cases(*task_types: str) -> list[Case]:
    """The cases of some task types."""
    return [case for case in all_cases() if case.task_type in task_types]
