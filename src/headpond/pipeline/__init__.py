"""Pipelines: files that say how records become documents and how a question becomes hits, and what runs them."""

from __future__ import annotations

from headpond.pipeline.pipeline import Pipeline
from headpond.pipeline.report import InferenceUse, IngestInterrupted, IngestStoppedError, Report, Snapshot

__all__ = ["InferenceUse", "IngestInterrupted", "IngestStoppedError", "Pipeline", "Report", "Snapshot"]
