"""Deterministic answers without a model or a network, good enough to rank by, with faults on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import (
    Rerank,
    Result,
    SparseEmbedding,
    SparseVector,
    TextEmbedding,
    Usage,
    rank,
)
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._fake.features import dense, overlap, weighted_words
from headpond.services.base import Service


class Fake(Service):
    """Service `fake`: for tests and for trying a pipeline without keys.

    The same text always gives the same vector; texts that share words are near each other; a sparse embedding holds the
    words themselves; a rerank score is the share of the query's words that a document holds.

    Service settings (all optional): `dimensions` (64), `seed` (0), `similarity`, `model_id`.
    """

    name = "fake"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.SPARSE_EMBEDDING, TaskType.RERANK)
    settings_order = ("model_id", "similarity", "dimensions", "seed")

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Model and seed."""
        shown: dict[str, Any] = {"model_id": settings.text("model_id"), "seed": settings.integer("seed")}
        if task_type is TaskType.TEXT_EMBEDDING:
            shown["dimensions"] = settings.positive("dimensions") or 64
            shown["similarity"] = settings.choice("similarity", ("cosine", "dot_product", "l2_norm"))
        return shown, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Rerank: `return_documents` and `top_n`."""
        if task_type is not TaskType.RERANK:
            return {}
        return {"return_documents": settings.flag("return_documents"), "top_n": settings.positive("top_n")}

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Answers at once."""
        return self._answer(endpoint, request)

    def _answer(self, endpoint: Endpoint, request: InferenceRequest) -> Result:
        seed = endpoint.service_settings.get("seed", 0)
        tokens = sum(len(text.split()) for text in request.input)
        usage = Usage(len(request.input), tokens)
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            dimensions = endpoint.service_settings["dimensions"]
            return TextEmbedding(np.stack([dense(text, dimensions, seed) for text in request.input]), usage)
        if endpoint.task_type is TaskType.SPARSE_EMBEDDING:
            return SparseEmbedding(tuple(SparseVector(weighted_words(text)) for text in request.input), usage)
        return self._rerank(endpoint, request, usage)

    def _rerank(self, endpoint: Endpoint, request: InferenceRequest, usage: Usage) -> Rerank:
        query, settings = request.require_query(), self.effective(endpoint, request)
        scores = np.array([overlap(query, text) for text in request.input], dtype=np.float32)
        return rank(
            scores,
            request.input,
            top_n=request.top_n if request.top_n is not None else settings.get("top_n"),
            with_text=request.return_documents or settings.get("return_documents", False),
            usage=usage,
        )
