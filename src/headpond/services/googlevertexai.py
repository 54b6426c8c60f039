"""Google Vertex AI: Gemini, Google's embeddings and rankings, and the models of the Model Garden."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Rerank, Result, TextEmbedding
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._anthropic.answers import RULES as ANTHROPIC_RULES
from headpond.services._configuration import EMBEDDING, MODEL_ID, RATE_LIMIT, URL, Setting
from headpond.services._google import answers, places
from headpond.services._google.embeddings import TASKS, predict_body, read_predictions
from headpond.services._google.garden import GOOGLE, LANGUAGES, Language
from headpond.services._google.ranking import rank_body, read_records
from headpond.services._google.token import fetch_token, parsed_key_file, parts_of
from headpond.services._http.input_types import translated
from headpond.services._http.provider import SIMILARITIES, Provider
from headpond.services._http.rules import Rules
from headpond.services._http.token import Tokens

MOST_INPUTS = 250

_COMPLETIONS = (TaskType.COMPLETION, TaskType.CHAT_COMPLETION)
_RATES: Mapping[TaskType, int] = {TaskType.TEXT_EMBEDDING: 30_000, TaskType.RERANK: 300}
_FIRST: Mapping[TaskType, tuple[str, ...]] = {TaskType.TEXT_EMBEDDING: ("location", "project_id")}


class GoogleVertexAI(Provider):
    """Service `googlevertexai`: `text_embedding`, `rerank`, `completion` and `chat_completion`.

    Service settings: `service_account_json` (required), the text of a service account's key file; `project_id` and
    `model_id` (required, but for the Model Garden, and the model for rerank); `location` (none is Google's global
    address; rerank has none), `rate_limit.requests_per_minute` (embeddings 30000, rerank 300, others 1000); for
    embeddings `dimensions`, `similarity` (`dot_product`), `max_input_tokens`, `max_batch_size` (250 at most).
    Completions have `provider` (`google`, or whose model of the Model Garden it is: `anthropic`, `meta`,
    `hugging_face`, `mistral`, `ai21`) with `url` and `streaming_url`, taken as they are; one stands for both.
    Elsewhere `url` is the base of a server that stands in for Google.

    Task settings: `input_type`, `auto_truncate` of embeddings; `top_n` of rerank; `max_tokens` (1024 for `anthropic`)
    and `thinking_config.thinking_budget` (for `google`) of completions.

    As in Elasticsearch, Gemini is asked at `locations/global` of the location's host.
    """

    name = "googlevertexai"
    display_name = "Google Vertex AI"
    extra = "google"
    task_types = (TaskType.TEXT_EMBEDDING, TaskType.RERANK, *_COMPLETIONS)
    configuration: ClassVar[Mapping[str, Setting]] = {
        "service_account_json": Setting(
            "Credentials JSON",
            "The text of a service account's key file; kept apart and never shown.",
            required=True,
            sensitive=True,
            updatable=True,
        ),
        "model_id": MODEL_ID.optional().described("The name of the model; required for embeddings and for Gemini."),
        "project_id": Setting("GCP Project", "The project that pays; required unless the Model Garden is asked."),
        "location": Setting("GCP Region", "Where the model runs; the global address without.").only(
            TaskType.TEXT_EMBEDDING, *_COMPLETIONS
        ),
        "url": URL.described("Of the Model Garden: where requests go. Else the base of a server that stands in."),
        "streaming_url": Setting("Streaming URL", "Of the Model Garden: where streamed requests go.").only(
            *_COMPLETIONS
        ),
        "provider": Setting("Provider", f"Whose model it is: {', '.join(LANGUAGES)}.", default="GOOGLE").only(
            *_COMPLETIONS
        ),
        "max_batch_size": Setting(
            "Maximum Batch Size", "Texts in one request; some models take one.", "int", updatable=True
        ).only(TaskType.TEXT_EMBEDDING),
        **EMBEDDING,
        "rate_limit.requests_per_minute": RATE_LIMIT,
    }
    settings_order = (
        "project_id",
        "location",
        "model_id",
        "url",
        "streaming_url",
        "provider",
        "max_input_tokens",
        "dimensions",
        "max_batch_size",
        "similarity",
        "rate_limit",
    )
    default_similarity = "dot_product"
    requests_per_minute = 1000
    max_inputs = MOST_INPUTS
    max_request_tokens = 20_000
    rules = Rules(exact={503: answers.overloaded(display_name), **ANTHROPIC_RULES.exact})

    def __init__(self) -> None:
        super().__init__()
        self._tokens = Tokens()

    def secrets(self, settings: Settings, *, required: bool = True) -> Secrets:
        """The key file, which is not shown where it is wrong either."""
        key_file = settings.text("service_account_json", required=required)
        if key_file is None:
            return Secrets()
        if parsed_key_file(key_file) is None:
            wanted = "a JSON object with [client_email], [private_key] and [token_uri]"
            settings.wrong(f"[service_account_json] must be the text of a service account's key file: {wanted}")
        return Secrets({"service_account_json": key_file})

    def unquotable(self, secrets: Secrets) -> Secrets:
        """The key too, and its id."""
        return secrets.merged(parts_of(secrets["service_account_json"]))

    def default_rate(self, task_type: TaskType) -> int | None:
        """Google's quotas differ by task."""
        return _RATES.get(task_type, self.requests_per_minute)

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Remembers besides whether the user set the dimensions: only then are they sent."""
        provider = settings.choice("provider", LANGUAGES) or GOOGLE if task_type in _COMPLETIONS else GOOGLE
        shown: dict[str, Any] = {
            "project_id": settings.text("project_id", required=provider == GOOGLE),
            "model_id": settings.text("model_id", required=provider == GOOGLE and task_type is not TaskType.RERANK),
            "url": settings.url("url"),
            "rate_limit": self.rate_limit(settings, task_type),
        }
        if task_type is not TaskType.RERANK:
            shown["location"] = places.read_location(settings)
        if task_type in _COMPLETIONS:
            shown["provider"] = provider.upper()
            shown["streaming_url"] = settings.url("streaming_url")
            places.check_urls(provider, shown, settings)
        if task_type is not TaskType.TEXT_EMBEDDING:
            return shown, {}
        shown["max_input_tokens"] = settings.positive("max_input_tokens")
        shown["dimensions"] = settings.positive("dimensions")
        shown["max_batch_size"] = settings.between("max_batch_size", 1, MOST_INPUTS)
        shown["similarity"] = settings.choice("similarity", SIMILARITIES)
        return shown, {"dimensions_set_by_user": shown["dimensions"] is not None}

    def update_settings(self, endpoint: Endpoint, settings: Settings) -> tuple[Mapping[str, Any], Secrets]:
        """The key file, the rate limit, and how many texts go into one request."""
        changed, newer = super().update_settings(endpoint, settings)
        most = None
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            most = settings.between("max_batch_size", 1, MOST_INPUTS)
        return {**changed, **({"max_batch_size": most} if most else {})}, newer

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """Each task has its own."""
        if task_type is TaskType.TEXT_EMBEDDING:
            input_type = settings.choice("input_type", ("ingest", "search", "classification", "clustering"))
            return {"input_type": input_type, "auto_truncate": settings.flag("auto_truncate")}
        if task_type is TaskType.RERANK:
            return {"top_n": settings.positive("top_n")}
        thinking = settings.mapping("thinking_config")
        given = Settings(thinking or {}, "thinking_config", settings.problems)
        budget = given.integer("thinking_budget")
        for name in given.left():
            settings.wrong(f"does not allow the setting [thinking_config.{name}]")
        return {
            "thinking_config": None if budget is None else {"thinking_budget": budget},
            "max_tokens": settings.positive("max_tokens"),
        }

    def ordered(self, endpoint: Endpoint) -> Endpoint:
        """Embeddings show the location first."""
        names = dict.fromkeys((*_FIRST.get(endpoint.task_type, ()), *self.settings_order))
        return endpoint.with_order(name for name in names if name in endpoint.service_settings)

    def counted_by(self, endpoint: Endpoint) -> tuple[object, ...]:
        """Google's quotas are those of a project, a location and a model."""
        names = ("project_id", "location", "model_id", "url", "streaming_url")
        return tuple(endpoint.service_settings.get(name) for name in names)

    def most_inputs(self, endpoint: Endpoint) -> int:
        """The user may set fewer than Google takes."""
        return int(endpoint.service_settings.get("max_batch_size", MOST_INPUTS))

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """None but the one with the token."""
        return {}

    def authorize(
        self, endpoint: Endpoint, secrets: Secrets, url: str, content: bytes, deadline: Deadline
    ) -> Mapping[str, str]:
        """A bearer token for the service account, fetched unless there is one."""
        key_file = secrets["service_account_json"]
        token = self._tokens.get(key_file, partial(fetch_token, endpoint.inference_id, key_file, deadline), deadline)
        return {"authorization": f"Bearer {token}"}

    def renew(self, endpoint: Endpoint, secrets: Secrets) -> bool:
        """The next attempt has another token."""
        return self._tokens.forget(secrets["service_account_json"])

    def message_of(self, body: Any) -> str | None:
        """`{"error": {"message"}}`, which the Model Garden's makers have too."""
        return answers.message_of(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """`predict`, `rank`, `generateContent`, or what the model's maker has for it."""
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return self._embed(endpoint, secrets, request, deadline)
        if endpoint.task_type is TaskType.RERANK:
            return self._rerank(endpoint, secrets, request, deadline)
        language, url, body = self._question(endpoint, request, stream=False)
        return self.send(endpoint, secrets, url, body, language.read_completion, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """`streamGenerateContent`, or what the model's maker has for it."""
        language, url, body = self._question(endpoint, request, stream=True)
        return self.send_stream(endpoint, secrets, url, body, language.read_deltas, deadline)

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """A conversation, with tools."""
        language, model = _language(endpoint), request.model or endpoint.service_settings.get("model_id")
        body = language.chat(request, model, endpoint.task_settings)
        url = places.completing(endpoint, model, stream=True)
        return self.send_stream(endpoint, secrets, url, body, language.chunks(), deadline)

    def _question(
        self, endpoint: Endpoint, request: InferenceRequest, *, stream: bool
    ) -> tuple[Language, str, dict[str, Any]]:
        language, model = _language(endpoint), endpoint.service_settings.get("model_id")
        body = language.completion(self.single(request), model, self.effective(endpoint, request), stream=stream)
        return language, places.completing(endpoint, model, stream=stream), body

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        settings = self.effective(endpoint, request)
        dimensions = endpoint.service_settings["dimensions"] if endpoint.hidden.get("dimensions_set_by_user") else None
        task = translated(request, settings, TASKS, self.display_name)

        def embed(texts: list[str]) -> TextEmbedding:
            body = predict_body(texts, task=task, auto_truncate=settings.get("auto_truncate"), dimensions=dimensions)
            read = partial(read_predictions, count=len(texts))
            return self.send(endpoint, secrets, places.predicting(endpoint), body, read, deadline)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))

    def _rerank(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Rerank:
        settings = self.effective(endpoint, request)
        body = rank_body(
            endpoint.service_settings.get("model_id"),
            request.require_query(),
            request.input,
            top_n=settings.get("top_n") if request.top_n is None else request.top_n,
            return_documents=request.return_documents,
        )
        read = partial(read_records, documents=request.input, with_text=request.return_documents)
        return self.send(endpoint, secrets, places.ranking(endpoint), body, read, deadline)


def _language(endpoint: Endpoint) -> Language:
    return LANGUAGES[endpoint.service_settings["provider"].lower()]
