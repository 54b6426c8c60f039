"""OpenAI, and every server that speaks its embeddings API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx

from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Result, TextEmbedding, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.reading import floats, items, member, tokens
from headpond.services._http.rules import Rules

EMBEDDINGS_URL = "https://api.openai.com/v1/embeddings"


def _limits(headers: httpx.Headers) -> str:
    """What OpenAI's headers say about a rate limit, as Elasticsearch shows it."""
    names = {
        "Token limit": "x-ratelimit-limit-tokens",
        "remaining tokens": "x-ratelimit-remaining-tokens",
        "Request limit": "x-ratelimit-limit-requests",
        "remaining requests": "x-ratelimit-remaining-requests",
    }
    token, left, request, requests_left = (f"{text} [{headers.get(name, 'unknown')}]" for text, name in names.items())
    return f". {token}, {left}. {request}, {requests_left}"


def _too_large(status: int, message: str) -> bool:
    return status == 400 and "Please reduce your prompt; or completion length." in message


class OpenAI(Provider):
    """Service `openai`: `text_embedding` on OpenAI's API, or on any server that speaks it (`url`).

    Service settings: `api_key`, `model_id` (required); `url`, `organization_id`, `dimensions`, `similarity`
    (`dot_product`), `max_input_tokens`, `rate_limit.requests_per_minute` (3000). Task settings: `user`, `headers`.
    """

    name = "openai"
    task_types = (TaskType.TEXT_EMBEDDING,)
    missing_task_types = (TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
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
    max_inputs = 2048
    rules = Rules(rate_limit_detail=_limits, too_large=_too_large)

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Remembers besides whether the user set the dimensions: only then are they sent."""
        dimensions = settings.positive("dimensions")
        shown = {
            "model_id": settings.required_text("model_id"),
            "url": settings.url("url"),
            "organization_id": settings.text("organization_id"),
            "similarity": settings.choice("similarity", SIMILARITIES),
            "dimensions": dimensions,
            "max_input_tokens": settings.positive("max_input_tokens"),
            "rate_limit": self.rate_limit(settings),
        }
        return shown, {"dimensions_set_by_user": dimensions is not None}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """`user` and `headers`."""
        return {"user": settings.text("user"), "headers": settings.string_map("headers")}

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token and organisation."""
        headers = {"authorization": f"Bearer {secrets['api_key']}"}
        if organization := endpoint.service_settings.get("organization_id"):
            headers["openai-organization"] = organization
        return headers

    def message_of(self, body: Any) -> str | None:
        """`{"error": {"message"}}`."""
        message = body["error"]["message"]
        return message if isinstance(message, str) else None

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """`POST /v1/embeddings`; `input_type` has no counterpart there and is not sent."""
        settings = self.effective(endpoint, request)
        url = endpoint.service_settings.get("url", EMBEDDINGS_URL)

        def embed(texts: list[str]) -> TextEmbedding:
            body = {"input": texts, "model": endpoint.service_settings["model_id"]}
            if user := settings.get("user"):
                body["user"] = user
            if endpoint.hidden.get("dimensions_set_by_user"):
                body["dimensions"] = endpoint.service_settings["dimensions"]
            read = partial(_embeddings, count=len(texts))
            return self.send(endpoint, secrets, url, body, read, deadline, headers=settings.get("headers"))

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))


def _embeddings(body: Any, count: int) -> TextEmbedding:
    name = "OpenAI embeddings"
    data = items(body, "data", name)
    indexes = [item.get("index") if isinstance(item, dict) else None for item in data]
    if set(indexes) == set(range(len(data))):  # servers that work in parallel may answer out of order
        data = sorted(data, key=lambda item: int(item["index"]))
    rows = [member(item, "embedding", name) for item in data]
    usage = body.get("usage")
    spent = tokens(usage.get("total_tokens")) if isinstance(usage, dict) else None
    return TextEmbedding(floats(rows, count), Usage(count, spent))
