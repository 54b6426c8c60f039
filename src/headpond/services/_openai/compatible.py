"""The base of services whose provider speaks OpenAI's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Result, TextEmbedding
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._http.address import address
from headpond.services._http.provider import Provider
from headpond.services._openai import chat, errors
from headpond.services._openai.embeddings import read_embeddings
from headpond.services._openai.settings import read_settings

T = TypeVar("T")


class Compatible(Provider):
    """Embeddings, completions and chat completions as OpenAI has them; a service says what differs.

    The service settings are those that `configuration` describes; the dimensions are sent when the user set them.

    Attributes:
        base_url: the provider's address, where the setting `url` stands for it; where there is none, `url` is the whole
            address of what is asked.
        embeddings_url: where embeddings are asked for; a path below `base_url`, or a whole address.
        chat_url: where completions are asked for.
        rerank_url: where rankings are asked for, by those that have them.
        model_setting: the service setting that names the model.
        tokens_member: what the provider calls `max_completion_tokens`.
        sends_stream_options: whether the provider is asked to count the tokens of streams.
        takes_user: whether `user` and `headers` are task settings.
    """

    base_url: ClassVar[str] = ""
    embeddings_url: ClassVar[str] = ""
    chat_url: ClassVar[str] = ""
    rerank_url: ClassVar[str] = ""
    model_setting: ClassVar[str] = "model_id"
    tokens_member: ClassVar[str] = "max_completion_tokens"
    sends_stream_options: ClassVar[bool] = True
    takes_user: ClassVar[bool] = False
    settings_order: ClassVar[tuple[str, ...]] = (
        "model_id",
        "url",
        "organization_id",
        "rate_limit",
        "dimensions",
        "similarity",
        "max_input_tokens",
    )
    rules = errors.RULES

    def service_settings(self, task_type: TaskType, settings: Settings) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Remembers besides whether the user set the dimensions."""
        shown = read_settings(self.configuration, task_type, settings)
        shown["rate_limit"] = self.rate_limit(settings, task_type)
        if task_type is not TaskType.TEXT_EMBEDDING or "dimensions" not in shown:
            return shown, {}
        return shown, {"dimensions_set_by_user": shown["dimensions"] is not None}

    def task_settings(self, task_type: TaskType, settings: Settings) -> Mapping[str, Any]:
        """`user` and `headers`, where the provider takes them."""
        if not self.takes_user:
            return {}
        return {"user": settings.text("user"), "headers": settings.headers("headers")}

    def url(self, endpoint: Endpoint) -> str:
        """The whole URL of what the endpoint asks."""
        urls = {TaskType.TEXT_EMBEDDING: self.embeddings_url, TaskType.RERANK: self.rerank_url}
        wanted = urls.get(endpoint.task_type, self.chat_url)
        if self.base_url:
            return address(endpoint, self.base_url, wanted)
        return str(endpoint.service_settings.get("url", wanted))

    def model(self, endpoint: Endpoint) -> str | None:
        """The model that is named in requests."""
        model: str | None = endpoint.service_settings.get(self.model_setting)
        return model

    def counted_by(self, endpoint: Endpoint) -> tuple[object, ...]:
        """The model, and where it is."""
        return (self.model(endpoint), endpoint.service_settings.get("url"))

    def options(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest | None
    ) -> dict[str, Any]:
        """Further members of a request's body.

        Args:
            endpoint: that is asked.
            settings: its task settings with those of the request.
            request: None for a chat completion.
        """
        options: dict[str, Any] = {}
        if endpoint.task_type is not TaskType.TEXT_EMBEDDING:
            options["n"] = 1
        elif endpoint.hidden.get("dimensions_set_by_user"):
            options["dimensions"] = endpoint.service_settings["dimensions"]
        if user := settings.get("user"):
            options["user"] = user
        return options

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token, where there is one."""
        key = secrets.get("api_key")
        return {} if key is None else {"authorization": f"Bearer {key}"}

    def message_of(self, body: Any) -> str | None:
        """`{"error": {"message"}}`, and what compatible servers make of it."""
        return errors.message_of(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Embeddings, or a completion in one piece."""
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return self._embed(endpoint, secrets, request, deadline)
        body, headers = self._question(endpoint, request, stream=False)
        return self.send(endpoint, secrets, self.url(endpoint), body, chat.read_completion, deadline, headers=headers)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """A completion piece by piece."""
        body, headers = self._question(endpoint, request, stream=True)
        return self.send_stream(
            endpoint, secrets, self.url(endpoint), body, chat.read_deltas, deadline, headers=headers
        )

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """A chat completion."""
        settings = endpoint.task_settings
        body = chat.chat_body(
            request,
            self.model(endpoint),
            self.options(endpoint, settings, None),
            tokens_member=self.tokens_member,
            stream_options=self.sends_stream_options,
        )
        headers = _extra_headers(settings)
        return self.send_stream(endpoint, secrets, self.url(endpoint), body, chat.read_chunk, deadline, headers=headers)

    def send(
        self,
        endpoint: Endpoint,
        secrets: Secrets,
        url: str,
        body: Mapping[str, Any] | bytes,
        read: Callable[[Any], T],
        deadline: Deadline,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Takes an error for one even where the status claims success, as gateways in front of models do."""

        def checked(answer: Any) -> T:
            chat.refuse_error(answer)
            return read(answer)

        return super().send(endpoint, secrets, url, body, checked, deadline, headers=headers)

    def embeddings_body(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest, texts: list[str]
    ) -> dict[str, Any]:
        """The body of one embedding request.

        Args:
            endpoint: that is asked.
            settings: its task settings with those of the request.
            request: of which the texts are a part.
            texts: what is embedded.
        """
        model = self.model(endpoint)
        named = {} if model is None else {"model": model}
        return {"input": texts, **named, **self.options(endpoint, settings, request)}

    def read_embeddings(self, endpoint: Endpoint, body: Any, count: int) -> TextEmbedding:
        """Reads the answer to an embedding request.

        Args:
            endpoint: that was asked.
            body: the parsed answer.
            count: how many vectors there must be.

        Raises:
            MalformedError: it is no such answer.
        """
        return read_embeddings(body, count)

    def _question(
        self, endpoint: Endpoint, request: InferenceRequest, *, stream: bool
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """Body and further headers of a completion."""
        settings, text = self.effective(endpoint, request), self.single(request)
        body = chat.completion_body(
            text,
            self.model(endpoint),
            self.options(endpoint, settings, request),
            stream=stream,
            stream_options=self.sends_stream_options,
        )
        return body, _extra_headers(settings)

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        settings = self.effective(endpoint, request)
        url, headers = self.url(endpoint), _extra_headers(settings)

        def embed(texts: list[str]) -> TextEmbedding:
            body = self.embeddings_body(endpoint, settings, request, texts)
            read = partial(self.read_embeddings, endpoint, count=len(texts))
            return self.send(endpoint, secrets, url, body, read, deadline, headers=headers)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))


def _extra_headers(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """The user's own headers of the task settings."""
    return dict(settings.get("headers") or {})
