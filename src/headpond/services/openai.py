"""OpenAI, and every server that speaks its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, Setting
from headpond.services._http.provider import SIMILARITIES
from headpond.services._openai.compatible import Compatible


class OpenAI(Compatible):
    """Service `openai`: `text_embedding`, `completion` and `chat_completion`.

    Any server that speaks OpenAI's API can stand in: `url` is the whole address of its embeddings or chat completions.

    Service settings: `api_key`, `model_id` (required); `url`, `organization_id`, `rate_limit.requests_per_minute`
    (embeddings 3000, completions 500); for embeddings `dimensions`, `similarity` (`dot_product`), `max_input_tokens`.
    Task settings: `user`, `headers`.
    """

    name = "openai"
    display_name = "OpenAI"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {
        **KEYED,
        **EMBEDDING,
        "organization_id": Setting("Organization ID", "The organisation that pays, for keys that belong to several."),
    }
    settings_order = (
        "model_id",
        "url",
        "organization_id",
        "similarity",
        "dimensions",
        "max_input_tokens",
        "rate_limit",
    )
    default_similarity = "dot_product"
    requests_per_minute = 3000
    chat_requests_per_minute = 500
    max_inputs = 2048
    max_request_tokens = 300_000
    embeddings_url = "https://api.openai.com/v1/embeddings"
    chat_url = "https://api.openai.com/v1/chat/completions"

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Remembers besides whether the user set the dimensions: only then are they sent."""
        shown: dict[str, Any] = {
            "model_id": settings.required_text("model_id"),
            "url": settings.url("url"),
            "organization_id": settings.text("organization_id"),
            "max_input_tokens": settings.positive("max_input_tokens"),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type is not TaskType.TEXT_EMBEDDING:
            return shown, {}
        shown["similarity"] = settings.choice("similarity", SIMILARITIES)
        shown["dimensions"] = settings.positive("dimensions")
        return shown, {"dimensions_set_by_user": shown["dimensions"] is not None}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """`user` and `headers`."""
        return {"user": settings.text("user"), "headers": settings.string_map("headers")}

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token and organisation."""
        headers = super().headers(endpoint, secrets)
        if organization := endpoint.service_settings.get("organization_id"):
            headers["openai-organization"] = organization
        return headers

    def options(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest | None
    ) -> dict[str, Any]:
        """`user`; `dimensions` of embeddings, `n` of completions. `input_type` has no counterpart and is not sent."""
        options: dict[str, Any] = {}
        if endpoint.task_type is not TaskType.TEXT_EMBEDDING:
            options["n"] = 1
        elif endpoint.hidden.get("dimensions_set_by_user"):
            options["dimensions"] = endpoint.service_settings["dimensions"]
        if user := settings.get("user"):
            options["user"] = user
        return options
