"""Cohere: embeddings, rerank and completions of its API version 2, and servers that speak it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.input_type import InputType
from headpond.inference.request import InferenceRequest
from headpond.inference.results import ElementType, Rerank, Result, TextEmbedding, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._cohere import chat
from headpond.services._configuration import EMBEDDING, KEYED, Setting
from headpond.services._http.address import address
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import bytes_, floats, items, member, tokens
from headpond.services._http.rules import SERVER_ERROR, Rule, Rules
from headpond.services._http.upstream import MalformedError

BASE_URL = "https://api.cohere.ai"
CHAT = "/v2/chat"

_ELEMENTS: Mapping[str, ElementType] = {
    "float": "float",
    "byte": "byte",
    "int8": "byte",
    "bit": "bit",
    "binary": "bit",
}
_WIRE: Mapping[str, str] = {"float": "float", "byte": "int8", "bit": "binary"}
_INPUT_TYPES: Mapping[InputType, str] = {
    InputType.INGEST: "search_document",
    InputType.INTERNAL_INGEST: "search_document",
    InputType.SEARCH: "search_query",
    InputType.INTERNAL_SEARCH: "search_query",
    InputType.CLASSIFICATION: "classification",
    InputType.CLUSTERING: "clustering",
}


class Cohere(Provider):
    """Service `cohere`: `text_embedding`, `rerank` and `completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the API's base), `embedding_type` (`float`, `byte` or
    `int8`, `bit` or `binary`), `similarity` (`dot_product`), `dimensions`, `max_input_tokens`,
    `rate_limit.requests_per_minute` (10000). Task settings: `input_type` and `truncate` (`NONE`, `START`, `END`) for
    embeddings; `return_documents`, `top_n` and `max_chunks_per_doc` for rerank.
    """

    name = "cohere"
    display_name = "Cohere"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.RERANK, TaskType.COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "embedding_type": Setting("Embedding Type", "float, byte (int8) or bit (binary).", default="float").only(
            TaskType.TEXT_EMBEDDING
        ),
    }
    settings_order = (
        "url",
        "similarity",
        "dimensions",
        "max_input_tokens",
        "model_id",
        "rate_limit",
        "embedding_type",
    )
    default_similarity = "dot_product"
    requests_per_minute = 10000
    max_inputs = 96
    rules = Rules(exact={503: Rule(SERVER_ERROR)})

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """New endpoints speak version 2 of the API, which needs a model."""
        model = settings.text("model_id") or settings.text("model")
        if model is None:
            settings.problems.append("The [service_settings.model_id] field is required for the Cohere V2 API.")
        shown: dict[str, Any] = {
            "url": settings.url("url"),
            "model_id": model,
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type is TaskType.TEXT_EMBEDDING:
            shown["similarity"] = settings.choice("similarity", SIMILARITIES)
            shown["dimensions"] = settings.positive("dimensions")
            shown["max_input_tokens"] = settings.positive("max_input_tokens")
            shown["embedding_type"] = _ELEMENTS[settings.choice("embedding_type", _ELEMENTS) or "float"]
        return shown, {"api_version": "V2"}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings or of rerank; completions have none."""
        if task_type is TaskType.COMPLETION:
            return {}
        if task_type is TaskType.RERANK:
            return {
                "top_n": settings.positive("top_n"),
                "return_documents": settings.flag("return_documents"),
                "max_chunks_per_doc": settings.positive("max_chunks_per_doc"),
            }
        input_type = settings.choice("input_type", ("ingest", "search", "classification", "clustering"))
        truncate = settings.choice("truncate", ("none", "start", "end"))
        return {"input_type": input_type, "truncate": truncate.upper() if truncate else None}

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token, and who asks."""
        return {
            "authorization": f"Bearer {secrets['api_key']}",
            "request-source": "unspecified:elasticsearch",
        }

    def message_of(self, body: Any) -> str | None:
        """`{"message": "..."}`."""
        message = body["message"]
        return message if isinstance(message, str) else None

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """`POST /v2/embed`, `POST /v2/rerank` or `POST /v2/chat`."""
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        if endpoint.task_type is TaskType.COMPLETION:
            body = self._question(endpoint, request, stream=False)
            return self.send(endpoint, secrets, address(endpoint, BASE_URL, CHAT), body, chat.read_completion, deadline)
        return self._embed(endpoint, secrets, request, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """`POST /v2/chat` with `stream`."""
        body = self._question(endpoint, request, stream=True)
        return self.send_stream(endpoint, secrets, address(endpoint, BASE_URL, CHAT), body, chat.read_deltas, deadline)

    def _question(self, endpoint: Endpoint, request: InferenceRequest, *, stream: bool) -> dict[str, Any]:
        return chat.completion_body(self.single(request), endpoint.service_settings["model_id"], stream=stream)

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        settings = self.effective(endpoint, request)
        element: ElementType = endpoint.service_settings["embedding_type"]
        wire = _WIRE[element]

        def embed(texts: list[str]) -> TextEmbedding:
            body = {
                "texts": texts,
                "model": endpoint.service_settings["model_id"],
                "input_type": _input_type(request, settings),
                "embedding_types": [wire],
            }
            if truncate := settings.get("truncate"):
                body["truncate"] = truncate
            read = partial(_embeddings, wire=wire, element=element, count=len(texts))
            return self.send(endpoint, secrets, address(endpoint, BASE_URL, "/v2/embed"), body, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        settings = self.effective(endpoint, request)
        top_n = settings.get("top_n") if request.top_n is None else request.top_n
        with_text = settings.get("return_documents") if request.return_documents is None else request.return_documents
        body: dict[str, Any] = {
            "model": endpoint.service_settings["model_id"],
            "query": request.require_query(),
            "documents": list(request.input),
            "return_documents": with_text,
            "top_n": top_n,
            "max_chunks_per_doc": settings.get("max_chunks_per_doc"),
        }
        body = {name: value for name, value in body.items() if value is not None}

        def read(answer: Any) -> Rerank:
            return read_ranking(
                answer,
                documents=request.input,
                with_text=bool(with_text),  # version 2 of the API returns no texts any more
                answer="Cohere rerank",
                spent=_spent(answer),
            )

        return self.send(endpoint, secrets, address(endpoint, BASE_URL, "/v2/rerank"), body, read, deadline)


def _input_type(request: InferenceRequest, settings: Mapping[str, Any]) -> str:
    """The request's input type, else the task settings', else the one Elasticsearch falls back to."""
    if request.input_type is not None and request.input_type in _INPUT_TYPES:
        return _INPUT_TYPES[request.input_type]
    stated = settings.get("input_type")
    return _INPUT_TYPES[InputType(stated)] if stated else "search_query"


def _embeddings(body: Any, *, wire: str, element: ElementType, count: int) -> TextEmbedding:
    """Reads `embeddings`, an object by type, or the bare array that servers of the first version send."""
    found = member(body, "embeddings", "Cohere embeddings")
    rows = items(found, wire, "Cohere embeddings") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise MalformedError("Field [embeddings] in Cohere embeddings response is neither an object nor an array")
    vectors = floats(rows, count) if element == "float" else bytes_(rows, count)
    return TextEmbedding(vectors, Usage(count, _spent(body)), element)


def _spent(body: Any) -> int | None:
    meta = body.get("meta") if isinstance(body, dict) else None
    if not isinstance(meta, dict):
        return None
    for name in ("tokens", "billed_units"):
        counts = meta.get(name)
        spent = tokens(counts.get("input_tokens")) if isinstance(counts, dict) else None
        if spent is not None:
            return spent
    return None
