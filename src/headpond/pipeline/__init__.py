"""Pipelines: files that say how records become documents and how a question becomes hits, and what runs them.

What runs them is imported when it is first used: reading and checking a file needs no client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headpond.pipeline.pipeline import Pipeline
    from headpond.pipeline.report import InferenceUse, IngestInterrupted, IngestStoppedError, Report, Snapshot

__all__ = ["InferenceUse", "IngestInterrupted", "IngestStoppedError", "Pipeline", "Report", "Snapshot"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"headpond.pipeline.{'pipeline' if name == 'Pipeline' else 'report'}"), name)
    raise AttributeError(f"module 'headpond.pipeline' has no attribute {name!r}")
