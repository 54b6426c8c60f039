"""Request processors of a pipeline file: what happens to a `_search` body before it is sent, one file each."""

from __future__ import annotations

from typing import Any

from headpond.registry import Registry
from headpond.stages.request.base import RequestProcessor

REQUEST_PROCESSORS: Registry[RequestProcessor[Any]] = Registry(
    "request processor",
    "headpond.stages.request",
    RequestProcessor,  # type: ignore[type-abstract]
    group="headpond.stages.request",
)
