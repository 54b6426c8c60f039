"""Anthropic: Claude, asked over its Messages API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import validation_failed
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Completion
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._anthropic import answers, messages
from headpond.services._configuration import KEYED, Setting
from headpond.services._http.address import address
from headpond.services._http.provider import Provider

BASE_URL = "https://api.anthropic.com"
PATH = "/v1/messages"
VERSION = "2023-06-01"


class Anthropic(Provider):
    """Service `anthropic`: `completion` and `chat_completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the API's base), `rate_limit.requests_per_minute` (50).
    Task settings: `max_tokens` (required), `temperature`, `top_p`, `top_k`.

    Text that is nothing but blanks is passed on, though Elasticsearch drops it from streams of completions, and
    `stop` is sent as `stop_sequences`, though Elasticsearch does not send it.
    """

    name = "anthropic"
    display_name = "Anthropic"
    task_types = (TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = KEYED
    settings_order = ("model_id", "url", "rate_limit")
    requests_per_minute = 50
    rules = answers.RULES

    def parse(self, inference_id: str, task_type: TaskType, config: Mapping[str, Any]) -> tuple[Endpoint, Secrets]:
        """Wants `max_tokens` besides: Anthropic answers no request without."""
        endpoint, secrets = super().parse(inference_id, task_type, config)
        if "max_tokens" not in endpoint.task_settings:
            problem = "[task_settings] does not contain the required setting [max_tokens]"
            raise validation_failed([problem], "validation_exception")
        return endpoint, secrets

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Those of most services."""
        return {
            "model_id": settings.required_text("model_id"),
            "url": settings.url("url"),
            "rate_limit": self.rate_limit(settings, task_type),
        }, {}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Anthropic checks the ranges itself; they differ from model to model."""
        return {
            "max_tokens": settings.positive("max_tokens"),
            "temperature": settings.number("temperature"),
            "top_p": settings.number("top_p"),
            "top_k": settings.integer("top_k"),
        }

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Key and version of the API."""
        return {"x-api-key": secrets["api_key"], "anthropic-version": VERSION}

    def message_of(self, body: Any) -> str | None:
        """`{"type": "error", "error": {"type", "message"}}`."""
        message = body["error"]["message"]
        return message if isinstance(message, str) else None

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Completion:
        """`POST /v1/messages`."""
        body = self._completion(endpoint, request)
        return self.send(endpoint, secrets, _url(endpoint), body, answers.read_completion, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """The same with `stream`."""
        body = {**self._completion(endpoint, request), "stream": True}
        return self.send_stream(endpoint, secrets, _url(endpoint), body, answers.read_deltas, deadline)

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """A conversation, with tools."""
        model = request.model or endpoint.service_settings["model_id"]
        body = {"model": model, **messages.chat_body(request, endpoint.task_settings), "stream": True}
        return self.send_stream(endpoint, secrets, _url(endpoint), body, answers.Chunks().read, deadline)

    def _completion(self, endpoint: Endpoint, request: InferenceRequest) -> dict[str, Any]:
        settings, text = self.effective(endpoint, request), self.single(request)
        return {"model": endpoint.service_settings["model_id"], **messages.completion_body(text, settings)}


def _url(endpoint: Endpoint) -> str:
    return address(endpoint, BASE_URL, PATH)
