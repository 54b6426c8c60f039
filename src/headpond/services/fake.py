"""Deterministic answers without a model or a network, good enough to rank by, with faults on demand."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import httpx
import numpy as np

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Chunk, Deltas, Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import status_exception
from headpond.inference.request import PROBE_TEXT, InferenceRequest
from headpond.inference.results import (
    Completion,
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
from headpond.services._configuration import DIMENSIONS, MODEL_ID, SIMILARITY, Setting
from headpond.services._fake import language, wire
from headpond.services._fake.faults import CONFIGURATION, Faults, read_knobs
from headpond.services._fake.features import dense, overlap, weighted_words
from headpond.services._http.events import server_sent
from headpond.services._http.provider import SIMILARITIES
from headpond.services._http.rules import Rules
from headpond.services._http.upstream import Upstream
from headpond.services.base import Service

URL = "http://fake.invalid/"
MOST_DIMENSIONS = 4096
"""What a `dense_vector` field of Elasticsearch holds."""


class Fake(Service):
    """Service `fake`: for tests and for trying a pipeline without keys.

    The same text always gives the same vector; texts that share words are near each other; a sparse embedding holds the
    words themselves; a rerank score is the share of the query's words that a document holds; a completion is the
    beginning of what was said.

    Service settings, all optional: `model_id`, `dimensions` (64), `similarity` (cosine), `seed` (0), and the faults:

    - what goes wrong: `status` (300 to 599, default 500; `retry_after` seconds go with it), `reset` (the connection
      breaks), `malformed` (no JSON), `truncated` (half of the JSON), `wrong_dimensions` (one more than promised);
    - when: `fail_first_n` requests, a share of them (`error_rate`, decided by `seed`), those with an input that holds
      `fail_on`; without any of these always;
    - `latency_ms` before every answer; `retry: false` hands the first failure to the caller, where a real provider's
      would be retried.

    The call that checks a new endpoint is spared, so that a faulty endpoint can be made.
    """

    name = "fake"
    display_name = "Fake"
    task_types = (
        TaskType.TEXT_EMBEDDING,
        TaskType.SPARSE_EMBEDDING,
        TaskType.RERANK,
        TaskType.COMPLETION,
        TaskType.CHAT_COMPLETION,
    )
    configuration: ClassVar[Mapping[str, Setting]] = {
        "model_id": MODEL_ID.optional(),
        "dimensions": DIMENSIONS,
        "similarity": SIMILARITY,
        "seed": Setting("Seed", "Other vectors for another seed.", type="int"),
        **CONFIGURATION,
    }
    settings_order = ("model_id", "similarity", "dimensions", "seed")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, tuple[Mapping[str, Any], Faults]] = {}

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Model, seed and faults."""
        shown: dict[str, Any] = {"model_id": settings.text("model_id"), "seed": settings.integer("seed")}
        if task_type is TaskType.TEXT_EMBEDDING:
            shown["dimensions"] = settings.between("dimensions", 1, MOST_DIMENSIONS) or 64
            shown["similarity"] = settings.choice("similarity", SIMILARITIES)
        return {**shown, **read_knobs(settings)}, {}

    def update_settings(self, endpoint: Endpoint, settings: Settings) -> tuple[Mapping[str, Any], Secrets]:
        """All faults anew: those not given are off."""
        return read_knobs(settings), Secrets()

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Rerank: `return_documents` and `top_n`."""
        if task_type is not TaskType.RERANK:
            return {}
        return {"return_documents": settings.flag("return_documents"), "top_n": settings.positive("top_n")}

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Answers at once, or through a faulty provider."""
        answer = partial(self._answer, endpoint, request)
        if request.input == (PROBE_TEXT,) or not Faults.wanted(endpoint.service_settings):
            return answer()
        read = partial(wire.read, task_type=endpoint.task_type, usage=answer().usage)
        with self._faults_of(endpoint).client(request.input, lambda wrong: answer(wrong).to_json()) as client:
            return self._upstream(endpoint, secrets, request.input, client).call(read, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """The reply word by word; `latency_ms` is waited for before each."""
        chunks = [Deltas((word,)) for word in language.pieces(self._single(request))]
        return self._streamed(endpoint, secrets, request.input, chunks, deadline)

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """The reply to the last message word by word."""
        model = request.model or endpoint.service_settings.get("model_id", "fake")
        said = [message.text for message in request.messages]
        return self._streamed(endpoint, secrets, said, language.conversation(request, model), deadline)

    def _streamed(
        self, endpoint: Endpoint, secrets: Secrets, texts: Sequence[str], chunks: Sequence[Chunk], deadline: Deadline
    ) -> Stream:
        client = self._faults_of(endpoint).streaming_client(texts, [chunk.to_json() for chunk in chunks])
        left = iter(chunks)
        upstream = self._upstream(endpoint, secrets, texts, client)
        return upstream.stream(lambda event: [wire.next_chunk(event, left)], server_sent, deadline)

    def _upstream(self, endpoint: Endpoint, secrets: Secrets, texts: Sequence[str], client: httpx.Client) -> Upstream:
        return Upstream(
            inference_id=endpoint.inference_id,
            url=URL,
            headers=lambda content: {},
            body={"input": list(texts)},
            rules=Rules(),
            message_of=lambda body: body["error"],
            secrets=secrets,
            client=client,
            retries=endpoint.service_settings.get("retry", True),
        )

    @staticmethod
    def _single(request: InferenceRequest) -> str:
        if len(request.input) != 1:
            raise status_exception(400, "Fake completions only accepts 1 input")
        return request.input[0]

    def _faults_of(self, endpoint: Endpoint) -> Faults:
        with self._lock:
            knobs = endpoint.service_settings
            kept = self._faults.get(endpoint.inference_id)
            if kept is None or kept[0] != knobs:
                kept = knobs, Faults(knobs)
                self._faults[endpoint.inference_id] = kept
            return kept[1]

    def _answer(self, endpoint: Endpoint, request: InferenceRequest, wrong_dimensions: bool = False) -> Result:
        seed = endpoint.service_settings.get("seed", 0)
        tokens = sum(len(text.split()) for text in request.input)
        usage = Usage(len(request.input), tokens)
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            dimensions = endpoint.service_settings["dimensions"] + wrong_dimensions
            return TextEmbedding(np.stack([dense(text, dimensions, seed) for text in request.input]), usage)
        if endpoint.task_type is TaskType.SPARSE_EMBEDDING:
            return SparseEmbedding(tuple(SparseVector(weighted_words(text)) for text in request.input), usage)
        if endpoint.task_type in (TaskType.COMPLETION, TaskType.CHAT_COMPLETION):
            return Completion((language.reply(self._single(request)),), usage)
        return self._rerank(endpoint, request, usage)

    def _rerank(self, endpoint: Endpoint, request: InferenceRequest, usage: Usage) -> Rerank:
        query, settings = request.require_query(), self.effective(endpoint, request)
        scores = np.array([overlap(query, text) for text in request.input], dtype=np.float32)
        return rank(
            scores,
            request.input,
            top_n=settings.get("top_n") if request.top_n is None else request.top_n,
            with_text=settings.get("return_documents", False)
            if request.return_documents is None
            else request.return_documents,
            usage=usage,
        )
