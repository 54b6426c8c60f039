"""Processors of a pipeline file: one file each, named as in Elasticsearch, with Elasticsearch's options."""

from __future__ import annotations

from typing import Any

from headpond.registry import Registry
from headpond.stages.ingest.base import Processor

PROCESSORS: Registry[Processor[Any]] = Registry(
    "processor",
    "headpond.stages.ingest",
    Processor,  # type: ignore[type-abstract]
    group="headpond.stages",
)
