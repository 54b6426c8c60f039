"""Response processors of a pipeline file: what happens to the hits of a search, one file each."""

from __future__ import annotations

from typing import Any

from headpond.registry import Registry
from headpond.stages.response.base import ResponseProcessor

RESPONSE_PROCESSORS: Registry[ResponseProcessor[Any]] = Registry(
    "response processor",
    "headpond.stages.response",
    ResponseProcessor,  # type: ignore[type-abstract]
    group="headpond.stages.response",
)
