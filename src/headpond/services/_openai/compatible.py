"""The base of services whose provider speaks OpenAI's API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from headpond.inference.chat import ChatRequest
from headpond.inference.chunks import Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.request import InferenceRequest
from headpond.inference.results import Completion, Result, TextEmbedding
from headpond.inference.secrets import Secrets
from headpond.inference.task_type import TaskType
from headpond.services._http.provider import Provider
from headpond.services._openai import chat, errors
from headpond.services._openai.embeddings import read_embeddings


class Compatible(Provider):
    """Embeddings, completions and chat completions as OpenAI has them; a service says what differs.

    Attributes:
        embeddings_url: where embeddings are asked for.
        chat_url: where completions are asked for.
        tokens_member: what the provider calls `max_completion_tokens`.
    """

    embeddings_url: ClassVar[str] = ""
    chat_url: ClassVar[str] = ""
    tokens_member: ClassVar[str] = "max_completion_tokens"
    rules = errors.RULES

    def url(self, endpoint: Endpoint) -> str:
        """The whole URL; the setting `url` is taken as it is."""
        default = self.embeddings_url if endpoint.task_type is TaskType.TEXT_EMBEDDING else self.chat_url
        return str(endpoint.service_settings.get("url", default))

    def model(self, endpoint: Endpoint) -> str | None:
        """The model that is named in requests."""
        model: str | None = endpoint.service_settings.get("model_id")
        return model

    def options(
        self, endpoint: Endpoint, settings: Mapping[str, Any], request: InferenceRequest | None
    ) -> dict[str, Any]:
        """Further members of a request's body.

        Args:
            endpoint: that is asked.
            settings: its task settings with those of the request.
            request: None for a chat completion.
        """
        return {}

    def extra_headers(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Headers besides those with the credentials."""
        return dict(settings.get("headers") or {})

    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Bearer token."""
        return {"authorization": f"Bearer {secrets['api_key']}"}

    def message_of(self, body: Any) -> str | None:
        """`{"error": {"message"}}`."""
        return errors.message_of(body)

    def infer(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Result:
        """Embeddings, or a completion in one piece."""
        if endpoint.task_type is TaskType.TEXT_EMBEDDING:
            return self._embed(endpoint, secrets, request, deadline)
        return self._complete(endpoint, secrets, request, deadline)

    def stream(self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline) -> Stream:
        """A completion piece by piece."""
        settings, text = self.effective(endpoint, request), self.single(request)
        options = self.options(endpoint, settings, request)
        body = chat.completion_body(text, self.model(endpoint), options, stream=True)
        headers = self.extra_headers(settings)
        return self.send_stream(
            endpoint, secrets, self.url(endpoint), body, chat.read_deltas, deadline, headers=headers
        )

    def chat(self, endpoint: Endpoint, secrets: Secrets, request: ChatRequest, deadline: Deadline) -> Stream:
        """A chat completion."""
        settings = endpoint.task_settings
        options = self.options(endpoint, settings, None)
        body = chat.chat_body(request, self.model(endpoint), options, tokens_member=self.tokens_member)
        headers = self.extra_headers(settings)
        return self.send_stream(endpoint, secrets, self.url(endpoint), body, chat.read_chunk, deadline, headers=headers)

    def _complete(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> Completion:
        settings, text = self.effective(endpoint, request), self.single(request)
        options = self.options(endpoint, settings, request)
        body = chat.completion_body(text, self.model(endpoint), options, stream=False)
        headers = self.extra_headers(settings)
        return self.send(endpoint, secrets, self.url(endpoint), body, chat.read_completion, deadline, headers=headers)

    def _embed(
        self, endpoint: Endpoint, secrets: Secrets, request: InferenceRequest, deadline: Deadline
    ) -> TextEmbedding:
        settings = self.effective(endpoint, request)
        model, options = self.model(endpoint), self.options(endpoint, settings, request)
        named = {} if model is None else {"model": model}
        headers = self.extra_headers(settings)

        def embed(texts: list[str]) -> TextEmbedding:
            body = {"input": texts, **named, **options}
            read = partial(read_embeddings, count=len(texts))
            return self.send(endpoint, secrets, self.url(endpoint), body, read, deadline, headers=headers)

        return TextEmbedding.joined(self.in_batches(endpoint, request.input, embed))
