"""Jina AI: embeddings and rerank, and servers that speak its API.

Sources: https://api.jina.ai/redoc; settings, defaults and texts are those of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from headpond.inference.boundaries import word_ends
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.input_type import InputType
from headpond.inference.request import InferenceRequest
from headpond.inference.results import ElementType, Rerank, Result, TextEmbedding
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, Setting
from headpond.services._http.address import address
from headpond.services._http.input_types import translated
from headpond.services._http.messages import detail
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import total_tokens
from headpond.services._http.rules import INPUT_VALIDATION, SERVER_ERROR, Rule, Rules
from headpond.services._openai.embeddings import read_embeddings

BASE_URL = "https://api.jina.ai"
LATE_CHUNKING_WORDS = 5500
"""More words in one request do not fit the models' context together; then its late chunking is switched off."""

_ELEMENTS: Mapping[str, ElementType] = {"float": "float", "bit": "bit", "binary": "bit"}
_WIRE: Mapping[ElementType, str] = {"float": "float", "bit": "binary"}
_TASKS: Mapping[InputType, str] = {
    InputType.INGEST: "retrieval.passage",
    InputType.INTERNAL_INGEST: "retrieval.passage",
    InputType.SEARCH: "retrieval.query",
    InputType.INTERNAL_SEARCH: "retrieval.query",
    InputType.CLASSIFICATION: "classification",
    InputType.CLUSTERING: "separation",
}
_ONLY_QUERIES = "jina-clip-v2"
"""A model that knows no other task than `retrieval.query`."""


class JinaAI(Provider):
    """Service `jinaai`: `text_embedding` and `rerank`.

    Service settings: `api_key`, `model_id` (required); `url` (the API's base), `rate_limit.requests_per_minute` (2000);
    for embeddings `embedding_type` (`float`, `bit` or `binary`), `dimensions`, `similarity` (`dot_product`, for bits
    `l2_norm`), `max_input_tokens`. Task settings: `input_type` and `late_chunking` for embeddings; `return_documents`
    and `top_n` for rerank.
    """

    name = "jinaai"
    display_name = "Jina AI"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.RERANK)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "embedding_type": Setting("Embedding Type", "float or bit (binary).", default="float").only(
            TaskType.TEXT_EMBEDDING
        ),
    }
    settings_order = (
        "model_id",
        "url",
        "rate_limit",
        "dimensions",
        "embedding_type",
        "max_input_tokens",
        "similarity",
    )
    default_similarity = "dot_product"
    requests_per_minute = 2000
    max_inputs = 2048
    rules = Rules(exact={400: Rule(INPUT_VALIDATION), 402: Rule("Payment required"), 503: Rule(SERVER_ERROR)})

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Remembers besides whether the user set the dimensions: only then are they sent."""
        shown: dict[str, Any] = {
            "model_id": settings.required_text("model_id"),
            "url": settings.url("url"),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type is not TaskType.TEXT_EMBEDDING:
            return shown, {}
        shown["embedding_type"] = settings.choice("embedding_type", _ELEMENTS) or "float"
        shown["dimensions"] = settings.positive("dimensions")
        shown["max_input_tokens"] = settings.positive("max_input_tokens")
        bits = _ELEMENTS[shown["embedding_type"]] == "bit"
        shown["similarity"] = settings.choice("similarity", SIMILARITIES) or ("l2_norm" if bits else None)
        return shown, {"dimensions_set_by_user": shown["dimensions"] is not None}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings or of rerank."""
        if task_type is TaskType.RERANK:
            return {"top_n": settings.positive("top_n"), "return_documents": settings.flag("return_documents")}
        return {
            "input_type": settings.choice("input_type", ("ingest", "search", "classification", "clustering")),
            "late_chunking": settings.flag("late_chunking"),
        }

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token, and who asks."""
        return {"authorization": f"Bearer {secrets['api_key']}", "request-source": "unspecified:elasticsearch"}

    def message_of(self, body: Any) -> str | None:
        """`{"detail": "..."}`."""
        return detail(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """`POST /v1/embeddings` or `POST /v1/rerank`."""
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        return self._embed(endpoint, secrets, request, deadline)

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        settings = self.effective(endpoint, request)
        model = endpoint.service_settings["model_id"]
        element = _ELEMENTS[endpoint.service_settings["embedding_type"]]
        task = translated(request, settings, _TASKS, self.display_name)
        late = settings.get("late_chunking")
        options: dict[str, Any] = {"model": model, "embedding_type": _WIRE[element]}
        if task is not None and (model.lower() != _ONLY_QUERIES or task == "retrieval.query"):
            options["task"] = task
        if endpoint.hidden.get("dimensions_set_by_user"):
            options["dimensions"] = endpoint.service_settings["dimensions"]

        def embed(texts: list[str]) -> TextEmbedding:
            chunked = {} if late is None else {"late_chunking": late and _fit_together(texts)}
            read = partial(read_embeddings, count=len(texts), element=element, answer="JinaAI embeddings")
            url = address(endpoint, BASE_URL, "/v1/embeddings")
            return self.send(endpoint, secrets, url, {"input": texts, **options, **chunked}, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        settings = self.effective(endpoint, request)
        top_n = settings.get("top_n") if request.top_n is None else request.top_n
        with_text = settings.get("return_documents") if request.return_documents is None else request.return_documents
        body: dict[str, Any] = {
            "model": endpoint.service_settings["model_id"],
            "query": request.require_query(),
            "documents": list(request.input),
            "top_n": top_n,
            "return_documents": with_text,
        }
        body = {name: value for name, value in body.items() if value is not None}

        def read(answer: Any) -> Rerank:
            return read_ranking(
                answer,
                documents=request.input,
                with_text=with_text,
                answer="JinaAI rerank",
                spent=total_tokens(answer),
            )

        return self.send(endpoint, secrets, address(endpoint, BASE_URL, "/v1/rerank"), body, read, deadline)


def _fit_together(texts: Sequence[str]) -> bool:
    return sum(len(word_ends(text)) for text in texts) <= LATE_CHUNKING_WORDS
