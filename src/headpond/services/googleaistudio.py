"""Google AI Studio: Gemini and Google's embeddings, with an API key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Result, TextEmbedding, Usage
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._configuration import EMBEDDING, KEYED, Setting
from headpond.services._google import answers
from headpond.services._google.conversation import content
from headpond.services._google.embeddings import TASKS
from headpond.services._http.address import address, with_query
from headpond.services._http.input_types import translated
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.reading import floats, items, member, tokens
from headpond.services._http.rules import Rules

BASE_URL = "https://generativelanguage.googleapis.com"
ANSWER = "Google AI Studio embeddings"


class GoogleAIStudio(Provider):
    """Service `googleaistudio`: `text_embedding` and `completion`.

    Service settings: `api_key`, `model_id` (required); `url` (the API's base), `rate_limit.requests_per_minute` (360);
    for embeddings `dimensions`, `similarity` (`dot_product`), `max_input_tokens`. There are no task settings.

    Elasticsearch puts the key into the URL. Here it goes into a header, as in Google's own client, so that no log of
    addresses, this process's or a proxy's, can show it.
    """

    name = "googleaistudio"
    display_name = "Google AI Studio"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.COMPLETION)
    configuration: ClassVar[Mapping[str, Setting]] = {**KEYED, **EMBEDDING}
    settings_order = ("model_id", "url", "max_input_tokens", "dimensions", "similarity", "rate_limit")
    default_similarity = "dot_product"
    requests_per_minute = 360
    max_inputs = 100
    rules = Rules(exact={503: answers.overloaded(display_name)})

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Remembers besides whether the user set the dimensions: only then are they sent."""
        shown: dict[str, Any] = {
            "model_id": settings.required_text("model_id"),
            "url": settings.url("url"),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type is not TaskType.TEXT_EMBEDDING:
            return shown, {}
        shown["max_input_tokens"] = settings.positive("max_input_tokens")
        shown["dimensions"] = settings.positive("dimensions")
        shown["similarity"] = settings.choice("similarity", SIMILARITIES)
        return shown, {"dimensions_set_by_user": shown["dimensions"] is not None}

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """The key."""
        return {"x-goog-api-key": secrets["api_key"]}

    def message_of(self, body: Any) -> str | None:
        """`{"error": {"message"}}`."""
        return answers.message_of(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """`batchEmbedContents` or `generateContent`."""
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return self._embed(endpoint, secrets, request, deadline)
        url = _url(endpoint, "generateContent")
        return self.send(endpoint, secrets, url, self._question(request), answers.read_completion, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """`streamGenerateContent`."""
        url = with_query(_url(endpoint, "streamGenerateContent"), "alt=sse")
        return self.send_stream(endpoint, secrets, url, self._question(request), answers.read_deltas, deadline)

    def _question(self, request: InferenceRequest) -> dict[str, Any]:
        return {"contents": [content(self.single(request))], "generationConfig": {"candidateCount": 1}}

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        settings = endpoint.service_settings
        shared: dict[str, Any] = {}
        if endpoint.hidden.get("dimensions_set_by_user"):
            shared["outputDimensionality"] = settings["dimensions"]
        if task := translated(request, {}, TASKS, self.display_name):
            shared["taskType"] = task

        def embed(texts: list[str]) -> TextEmbedding:
            model = {"model": f"models/{settings['model_id']}"}
            requests = [{**model, "content": {"parts": [{"text": text}]}, **shared} for text in texts]
            read = partial(_embeddings, count=len(texts))
            url = _url(endpoint, "batchEmbedContents")
            return self.send(endpoint, secrets, url, {"requests": requests}, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))


def _url(endpoint: Endpoint, action: str) -> str:
    model = quote(endpoint.service_settings["model_id"], safe="")
    return address(endpoint, BASE_URL, f"/v1/models/{model}:{action}")


def _embeddings(body: Any, *, count: int) -> TextEmbedding:
    rows = [member(item, "values", ANSWER) for item in items(body, "embeddings", ANSWER)]
    usage = body.get("usageMetadata")
    spent = tokens(usage.get("promptTokenCount")) if isinstance(usage, dict) else None
    return TextEmbedding(floats(rows, count), Usage(count, spent))
