"""Hugging Face's inference endpoints, and the servers behind them: text-embeddings-inference and chat models.

Sources: https://huggingface.github.io/text-embeddings-inference/ and https://huggingface.co/docs/inference-endpoints;
settings and defaults are those of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Rerank, Result, SparseEmbedding, SparseVector, TextEmbedding, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, MODEL_ID, URL, Setting
from headpond.services._http.rules import SERVER_BUSY, SERVER_ERROR, Rule, Rules
from headpond.services._huggingface.answers import read_embeddings, read_sparse
from headpond.services._huggingface.ranker import Ranker
from headpond.services._openai.compatible import Compatible

ELSER_TOKENS = 512
"""What texts are cut to before sparse models get them."""


class HuggingFace(Compatible):
    """Service `hugging_face`: `text_embedding`, `sparse_embedding`, `rerank`, `completion` and `chat_completion`.

    Service settings: `api_key`, `url` (the whole address of what is asked), both required;
    `rate_limit.requests_per_minute` (3000); `model_id` for completions; for embeddings `similarity` (`cosine`),
    `dimensions`, which is what the model gives and not sent, `max_input_tokens`. Task settings of rerank:
    `return_documents`, `top_n`.

    A stock server of text-embeddings-inference works for all but completions, with its `/embed`, `/embed_sparse` and
    `/rerank`; one that asks for no key takes any. Documents to rerank are sent as Elasticsearch sends them, under
    `documents`. A server that refuses that with 422, as text-embeddings-inference does, gets them as its `texts` from
    then on.
    """

    name = "hugging_face"
    display_name = "Hugging Face"
    task_types = (
        TaskType.TEXT_EMBEDDING,
        TaskType.SPARSE_EMBEDDING,
        TaskType.RERANK,
        TaskType.COMPLETION,
        TaskType.CHAT_COMPLETION,
    )
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "url": URL.needed(),
        "model_id": MODEL_ID.optional().only(TaskType.COMPLETION, TaskType.CHAT_COMPLETION),
    }
    settings_order = ("model_id", "url", "similarity", "dimensions", "max_input_tokens", "rate_limit")
    requests_per_minute = 3000
    max_inputs = 32
    tokens_member = "max_tokens"
    rules = Rules(exact={500: Rule(SERVER_ERROR), 502: Rule(SERVER_BUSY, retry=True)})

    def __init__(self) -> None:
        super().__init__()
        self._ranker = Ranker(self.max_inputs)

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Sparse models have a fixed `max_input_tokens`, which is shown."""
        shown, hidden = super().service_settings(task_type, settings)
        fixed = {"max_input_tokens": ELSER_TOKENS} if task_type is TaskType.SPARSE_EMBEDDING else {}
        return {**shown, **fixed}, hidden

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of rerank; others have none."""
        if task_type is not TaskType.RERANK:
            return {}
        return {"top_n": settings.positive("top_n"), "return_documents": settings.flag("return_documents")}

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Sparse embeddings and a ranking besides."""
        if endpoint.task_type is TaskType.SPARSE_EMBEDDING:
            return self._expand(endpoint, secrets, request, deadline)
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        return super().infer(endpoint, secrets, request, deadline)

    def embeddings_body(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest, texts: list[str]
    ) -> dict[str, Any]:
        """`{"inputs": [...]}`."""
        return {"inputs": texts}

    def read_embeddings(self, endpoint: Endpoint, body: Any, count: int) -> TextEmbedding:
        """`[[...]]` or `{"embeddings": [[...]]}`."""
        return read_embeddings(body, count)

    def _expand(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> SparseEmbedding:
        def expand(texts: list[str]) -> list[tuple[str, SparseVector]]:
            read = partial(read_sparse, count=len(texts))
            found = self.send(endpoint, secrets, self.url(endpoint), {"inputs": texts}, read, deadline)
            return list(zip(texts, found.vectors, strict=True))

        sent = [pair for batch in self.in_batches(endpoint, request.input, expand) for pair in batch]
        vectors = (
            replace(vector, is_truncated=len(text) < len(given))
            for given, (text, vector) in zip(request.input, sent, strict=True)
        )
        return SparseEmbedding(tuple(vectors), Usage(len(sent)))

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        settings = self.effective(endpoint, request)
        top_n = settings.get("top_n") if request.top_n is None else request.top_n
        with_text = settings.get("return_documents") if request.return_documents is None else request.return_documents
        url = self.url(endpoint)

        def send(body: Mapping[str, Any], read: Callable[[Any], Rerank]) -> Rerank:
            return self.send(endpoint, secrets, url, body, read, deadline)

        return self._ranker.rank(url, send, request.require_query(), request.input, top_n, with_text)
