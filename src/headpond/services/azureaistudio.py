"""Azure AI Studio: models of several providers, deployed by the token or on machines of one's own ("realtime").

The formats are those of Elasticsearch's service: OpenAI's for embeddings and for completions by the token, Cohere's for
rerank, and for realtime completions that of Azure's managed endpoints
(https://learn.microsoft.com/azure/machine-learning/how-to-deploy-online-endpoints).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Completion, Rerank, Result, TextEmbedding, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import API_KEY, EMBEDDING, RATE_LIMIT, Setting
from headpond.services._http.address import joined
from headpond.services._http.input_types import DOCUMENT_OR_QUERY, translated
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.ranking import read_ranking
from headpond.services._http.reading import member
from headpond.services._http.upstream import MalformedError
from headpond.services._openai import chat, errors
from headpond.services._openai.embeddings import read_embeddings

DEFAULT_NEW_TOKENS = 64
"""How long completions of a new endpoint are, unless it says."""

_PROVIDERS = ("cohere", "databricks", "meta", "microsoft_phi", "mistral", "openai")
_ENDPOINT_TYPES = ("realtime", "token")
_ALLOWED: Mapping[tuple[TaskType, str], tuple[str, ...]] = {
    (TaskType.TEXT_EMBEDDING, "token"): ("cohere", "openai"),
    (TaskType.TEXT_EMBEDDING, "realtime"): (),
    (TaskType.COMPLETION, "token"): ("cohere", "meta", "openai"),
    (TaskType.COMPLETION, "realtime"): ("databricks", "meta", "microsoft_phi", "mistral"),
    (TaskType.RERANK, "token"): ("cohere",),
    (TaskType.RERANK, "realtime"): (),
}
_PATHS: Mapping[TaskType, str] = {
    TaskType.TEXT_EMBEDDING: "/v1/embeddings",
    TaskType.COMPLETION: "/v1/chat/completions",
    TaskType.RERANK: "/v1/rerank",
}


class AzureAIStudio(Provider):
    """Service `azureaistudio`: `text_embedding`, `completion` and `rerank`.

    Service settings: `api_key`, `target` (the deployment's URL), `provider`, `endpoint_type` (`token` or `realtime`),
    all required; `rate_limit.requests_per_minute` (240); for embeddings `dimensions`, `similarity` (`dot_product`),
    `max_input_tokens`. Task settings: `user` for embeddings; `temperature`, `top_p`, `do_sample`, `max_new_tokens` (64)
    for completions; `return_documents` and `top_n` for rerank.

    `target` is called as it is by OpenAI's models and realtime endpoints; by others the task's path is added.
    """

    name = "azureaistudio"
    display_name = "Azure AI Studio"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.RERANK)
    configuration: ClassVar[Mapping[str, Setting]] = {
        "api_key": API_KEY,
        "target": Setting("Target", "The URL of the deployment.", required=True),
        "provider": Setting("Provider", f"Whose model it is: {', '.join(_PROVIDERS)}.", required=True),
        "endpoint_type": Setting("Endpoint Type", "How the model is deployed: token or realtime.", required=True),
        "rate_limit.requests_per_minute": RATE_LIMIT,
        **EMBEDDING,
    }
    settings_order = (
        "target",
        "provider",
        "endpoint_type",
        "rate_limit",
        "dimensions",
        "max_input_tokens",
        "similarity",
    )
    default_similarity = "dot_product"
    requests_per_minute = 240
    max_inputs = 2048
    rules = errors.RULES

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Refuses besides what the provider does not do; remembers whether the user set the dimensions."""
        shown: dict[str, Any] = {
            "target": settings.url("target", required=True),
            "provider": settings.choice("provider", _PROVIDERS, required=True),
            "endpoint_type": settings.choice("endpoint_type", _ENDPOINT_TYPES, required=True),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if not settings.problems:
            _check_available(task_type, shown["provider"], shown["endpoint_type"])
        if task_type is not TaskType.TEXT_EMBEDDING:
            return shown, {}
        shown["dimensions"] = settings.positive("dimensions")
        shown["max_input_tokens"] = settings.positive("max_input_tokens")
        shown["similarity"] = settings.choice("similarity", SIMILARITIES)
        return shown, {"dimensions_set_by_user": shown["dimensions"] is not None}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Of embeddings, completions or rerank."""
        if task_type is TaskType.TEXT_EMBEDDING:
            return {"user": settings.text("user")}
        if task_type is TaskType.RERANK:
            return {"return_documents": settings.flag("return_documents"), "top_n": settings.positive("top_n")}
        return {
            "temperature": settings.number("temperature", low=0.0, high=2.0),
            "top_p": settings.number("top_p", low=0.0, high=2.0),
            "do_sample": settings.flag("do_sample"),
            "max_new_tokens": settings.positive("max_new_tokens"),
        }

    def learned(self, endpoint: Endpoint, result: Result) -> Endpoint:
        """Besides dimensions and similarity, how long completions are from now on."""
        endpoint = super().learned(endpoint, result)
        if endpoint.task_type is not TaskType.COMPLETION or "max_new_tokens" in endpoint.task_settings:
            return endpoint
        return replace(endpoint, task_settings={**endpoint.task_settings, "max_new_tokens": DEFAULT_NEW_TOKENS})

    def most_inputs(self, endpoint: Endpoint) -> int:
        """Cohere's models take fewer texts in a request."""
        return 96 if endpoint.service_settings["provider"] == "cohere" else self.max_inputs

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """The key in the header that the kind of deployment wants."""
        key = secrets["api_key"]
        if endpoint.service_settings["provider"] == "openai":
            return {"api-key": key}
        return {"authorization": f"Bearer {key}" if _is_realtime(endpoint) else key}

    def message_of(self, body: Any) -> str | None:
        """`{"error": {"message"}}`, or a bare message."""
        return errors.message_of(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Embeddings, a ranking, or a completion in one piece."""
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return self._embed(endpoint, secrets, request, deadline)
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        body = self._question(endpoint, request)
        read = _read_output if _is_realtime(endpoint) else chat.read_completion
        return self.send(endpoint, secrets, _url(endpoint), body, read, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """A completion piece by piece."""
        body = {**self._question(endpoint, request), "stream": True}
        return self.send_stream(endpoint, secrets, _url(endpoint), body, chat.read_deltas, deadline)

    def _question(self, endpoint: Endpoint, request: InferenceRequest) -> dict[str, Any]:
        parameters = self.effective(endpoint, request)
        messages = [{"content": self.single(request), "role": "user"}]
        given = {"parameters": parameters} if parameters else {}
        if _is_realtime(endpoint):
            return {"input_data": {"input_string": messages, **given}}
        return {"messages": messages, **given}

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        settings = self.effective(endpoint, request)
        options = dict(settings)
        if endpoint.hidden.get("dimensions_set_by_user"):
            options["dimensions"] = endpoint.service_settings["dimensions"]
        if input_type := translated(request, {}, DOCUMENT_OR_QUERY, self.display_name):
            options["input_type"] = input_type

        def embed(texts: list[str]) -> TextEmbedding:
            read = partial(read_embeddings, count=len(texts))
            return self.send(endpoint, secrets, _url(endpoint), {"input": texts, **options}, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        options = self.effective(endpoint, request)
        if request.return_documents is not None:
            options["return_documents"] = request.return_documents
        if request.top_n is not None:
            options["top_n"] = request.top_n
        body = {"documents": list(request.input), "query": request.require_query(), **options}
        read = partial(
            read_ranking,
            documents=request.input,
            with_text=options.get("return_documents"),
            answer="Azure AI Studio rerank",
        )
        return self.send(endpoint, secrets, _url(endpoint), body, read, deadline)


def _check_available(task_type: TaskType, provider: str, endpoint_type: str) -> None:
    if not any(provider in _ALLOWED[task_type, kind] for kind in _ENDPOINT_TYPES):
        reason = f"The [{task_type}] task type for provider [{provider}] is not available"
    elif provider not in _ALLOWED[task_type, endpoint_type]:
        kind = f"The [{endpoint_type}] endpoint type with [{task_type}] task type"
        reason = f"{kind} for provider [{provider}] is not available"
    else:
        return
    raise status_exception(400, reason)


def _is_realtime(endpoint: Endpoint) -> bool:
    return bool(endpoint.service_settings["endpoint_type"] == "realtime")


def _url(endpoint: Endpoint) -> str:
    target = str(endpoint.service_settings["target"])
    path = _PATHS[endpoint.task_type]
    if endpoint.service_settings["provider"] == "openai" or _is_realtime(endpoint):
        return target
    return joined(target, path)


def _read_output(body: Any) -> Completion:
    output = member(body, "output", "Azure AI Studio completion")
    if not isinstance(output, str):
        raise MalformedError("Field [output] in Azure AI Studio completion response is not a text")
    return Completion((output,), Usage(1))
