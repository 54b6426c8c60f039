"""Voyage AI: embeddings and rerank, and servers that speak its API.

Sources: https://docs.voyageai.com/reference; settings, defaults and texts are those of Elasticsearch's service.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import ElementType, Rerank, Result, TextEmbedding
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, Setting
from headpond.services._http.address import address
from headpond.services._http.input_types import DOCUMENT_OR_QUERY, translated
from headpond.services._http.messages import detail
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import total_tokens
from headpond.services._http.rules import INPUT_VALIDATION, SERVER_ERROR, Rule, Rules
from headpond.services._openai.embeddings import read_embeddings

BASE_URL = "https://api.voyageai.com"

_ELEMENTS: Mapping[str, ElementType] = {
    "float": "float",
    "int8": "byte",
    "byte": "byte",
    "bit": "bit",
    "binary": "bit",
}
_WIRE: Mapping[ElementType, str] = {"float": "float", "byte": "int8", "bit": "binary"}


class VoyageAI(Provider):
    """Service `voyageai`: `text_embedding` and `rerank`.

    Service settings: `api_key`, `model_id` (required); `url` (the API's base), `rate_limit.requests_per_minute` (2000);
    for embeddings `embedding_type` (`float`, `int8` or `byte`, `bit` or `binary`), `dimensions`, `similarity`
    (`dot_product`), `max_input_tokens`. Task settings: `input_type` (`ingest`, `search`) and `truncation` for
    embeddings; `top_k`, `return_documents` and `truncation` for rerank.
    """

    name = "voyageai"
    display_name = "Voyage AI"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.RERANK)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "embedding_type": Setting("Embedding Type", "float, int8 (byte) or bit (binary).", default="float").only(
            TaskType.TEXT_EMBEDDING
        ),
    }
    settings_order = (
        "model_id",
        "url",
        "rate_limit",
        "similarity",
        "dimensions",
        "max_input_tokens",
        "embedding_type",
    )
    default_similarity = "dot_product"
    requests_per_minute = 2000
    max_inputs = 1000
    max_request_tokens = 120_000
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
        shown["similarity"] = settings.choice("similarity", SIMILARITIES)
        shown["dimensions"] = settings.positive("dimensions")
        shown["max_input_tokens"] = settings.positive("max_input_tokens")
        return shown, {"dimensions_set_by_user": shown["dimensions"] is not None}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings or of rerank."""
        if task_type is TaskType.RERANK:
            return {
                "top_k": settings.positive("top_k"),
                "return_documents": settings.flag("return_documents"),
                "truncation": settings.flag("truncation"),
            }
        return {
            "input_type": settings.choice("input_type", ("ingest", "search")),
            "truncation": settings.flag("truncation"),
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
        element = _ELEMENTS[endpoint.service_settings["embedding_type"]]
        dimensions = endpoint.service_settings.get("dimensions")
        options = {
            "model": endpoint.service_settings["model_id"],
            "input_type": translated(request, settings, DOCUMENT_OR_QUERY, self.display_name),
            "truncation": settings.get("truncation"),
            "output_dimension": dimensions if endpoint.hidden.get("dimensions_set_by_user") else None,
            "output_dtype": _WIRE[element],
        }
        options = {name: value for name, value in options.items() if value is not None}

        def embed(texts: list[str]) -> TextEmbedding:
            read = partial(read_embeddings, count=len(texts), element=element, answer="VoyageAI embeddings")
            url = address(endpoint, BASE_URL, "/v1/embeddings")
            return self.send(endpoint, secrets, url, {"input": texts, **options}, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        settings = self.effective(endpoint, request)
        with_text = settings.get("return_documents") if request.return_documents is None else request.return_documents
        top_k = settings.get("top_k") if request.top_n is None else request.top_n
        body: dict[str, Any] = {
            "model": endpoint.service_settings["model_id"],
            "query": request.require_query(),
            "documents": list(request.input),
            "return_documents": with_text,
            "top_k": top_k,
            "truncation": settings.get("truncation"),
        }
        body = {name: value for name, value in body.items() if value is not None}

        def read(answer: Any) -> Rerank:
            return read_ranking(
                answer,
                documents=request.input,
                with_text=with_text,
                answer="VoyageAI rerank",
                results="data",
                spent=total_tokens(answer),
            )

        return self.send(endpoint, secrets, address(endpoint, BASE_URL, "/v1/rerank"), body, read, deadline)
