"""The base of services that call a provider over HTTP."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from headpond.errors import RestError
from headpond.inference.chunks import Chunk, Stream
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import status_exception
from headpond.inference.request import InferenceRequest
from headpond.inference.secrets import Secrets, lost
from headpond.inference.settings import Settings
from headpond.inference.task_type import TaskType
from headpond.services._http.client import punctual
from headpond.services._http.events import Decode, Event, server_sent
from headpond.services._http.rate_limit import RateLimits
from headpond.services._http.rules import TOO_LARGE, Rules
from headpond.services._http.upstream import Upstream
from headpond.services.base import Service

T = TypeVar("T")

CHARACTERS_PER_TOKEN = 3
"""How Elasticsearch guesses characters from `max_input_tokens`."""

SIMILARITIES = ("cosine", "dot_product", "l2_norm")


class Provider(Service):
    """A service behind a URL, with an API key.

    Attributes:
        keyless: whether an endpoint may do without a key.
        requests_per_minute: the default of `rate_limit.requests_per_minute`; None when the provider has no limit.
        chat_requests_per_minute: the same for completions, where it differs.
        max_inputs: texts in one embedding request; more are sent in several.
        max_request_tokens: tokens in one embedding request, where the provider limits them.
        rules: what the provider's statuses mean.
    """

    keyless: ClassVar[bool] = False
    requests_per_minute: ClassVar[int | None]
    chat_requests_per_minute: ClassVar[int | None] = None
    max_inputs: ClassVar[int] = 1
    max_request_tokens: ClassVar[int | None] = None
    rules: ClassVar[Rules] = Rules()

    def __init__(self) -> None:
        self._limits = RateLimits()

    def secrets(self, settings: Settings, *, required: bool = True) -> Secrets:
        """The API key, without blanks around it."""
        return header_secrets(settings, "api_key", required=required and not self.keyless)

    def rate_limit(self, settings: Settings, task_type: TaskType) -> dict[str, int] | None:
        """`rate_limit`, with the provider's default filled in; None when there is no limit."""
        nested = Settings(settings.mapping("rate_limit") or {}, "rate_limit", settings.problems)
        rate = nested.positive("requests_per_minute")
        for name in nested.left():
            settings.wrong(f"does not allow the setting [rate_limit.{name}]")
        limit = rate or self.default_rate(task_type)
        return None if limit is None else {"requests_per_minute": limit}

    def default_rate(self, task_type: TaskType) -> int | None:
        """Requests a minute unless the user says; None when the provider has no limit."""
        if self.chat_requests_per_minute is not None and not (task_type.embeds or task_type is TaskType.RERANK):
            return self.chat_requests_per_minute
        return self.requests_per_minute

    def update_settings(self, endpoint: Endpoint, settings: Settings) -> tuple[Mapping[str, Any], Secrets]:
        """The API key and the rate limit."""
        changed: dict[str, Any] = {}
        if (limit := settings.mapping("rate_limit")) is not None:
            given = Settings({"rate_limit": limit}, settings.scope, settings.problems)
            changed["rate_limit"] = self.rate_limit(given, endpoint.task_type)
        return changed, self.secrets(settings, required=False)

    def counted_by(self, endpoint: Endpoint) -> tuple[object, ...]:
        """What shares a rate limit, besides the secrets."""
        return (endpoint.service_settings.get("model_id"),)

    def punctual(self) -> bool:
        """A turn, a connection and an answer are all waited for until the deadline, unless a proxy is in between."""
        return punctual()

    @abstractmethod
    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Headers with the credentials."""

    def authorize(
        self, endpoint: Endpoint, secrets: Secrets, url: str, content: bytes, deadline: Deadline
    ) -> Mapping[str, str]:
        """Headers of one attempt; for providers whose credentials are fetched, or made from what is sent.

        Raises:
            RestError: the credentials cannot be had.
        """
        return self.headers(endpoint, secrets)

    def renew(self, endpoint: Endpoint, secrets: Secrets) -> bool:
        """Drops fetched credentials that the provider refused with 401; True when others can be had."""
        return False

    def unquotable(self, secrets: Secrets) -> Secrets:
        """What is blanked wherever the provider quotes it: the secrets, unless a service keeps several in one text."""
        return secrets

    @abstractmethod
    def message_of(self, body: Any) -> str | None:
        """The provider's error message in an error body."""

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
        """Sends one request when the rate limit lets it.

        Args:
            endpoint: for its id, its rate limit and its headers.
            secrets: its secrets.
            url: the whole URL.
            body: is sent as JSON, bytes as they are.
            read: makes the result of the parsed answer; raises `MalformedError` when it cannot.
            deadline: for all attempts together.
            headers: further ones.

        Raises:
            RestError: 400 when the key is lost, 408 when the turn would come after the deadline, and what the
                provider's answer means.
        """
        return self._upstream(endpoint, secrets, url, body, headers, deadline).call(read, deadline)

    def send_stream(
        self,
        endpoint: Endpoint,
        secrets: Secrets,
        url: str,
        body: Mapping[str, Any] | bytes,
        read: Callable[[Event], Iterable[Chunk]],
        deadline: Deadline,
        *,
        headers: Mapping[str, str] | None = None,
        decode: Decode = server_sent,
    ) -> Stream:
        """Sends one request when the rate limit lets it, and gives the answer's chunks as they come.

        Args:
            endpoint: for its id, its rate limit and its headers.
            secrets: its secrets.
            url: the whole URL.
            body: is sent as JSON, bytes as they are.
            read: makes chunks of one event; raises `MalformedError` when it cannot.
            deadline: until the answer begins.
            headers: further ones.
            decode: makes events of the answer's bytes.

        Raises:
            RestError: as of `send`; while the chunks are read too.
        """
        return self._upstream(endpoint, secrets, url, body, headers, deadline).stream(read, decode, deadline)

    def _upstream(
        self,
        endpoint: Endpoint,
        secrets: Secrets,
        url: str,
        body: Mapping[str, Any] | bytes,
        headers: Mapping[str, str] | None,
        deadline: Deadline,
    ) -> Upstream:
        if not secrets and not self.keyless:
            raise lost(endpoint.inference_id)
        rate = endpoint.service_settings.get("rate_limit")
        key = (*self.counted_by(endpoint), secrets)
        if rate is not None and not self._limits.acquire(key, rate["requests_per_minute"], deadline):
            raise status_exception(408, f"Request timed out after [{deadline}]")

        def all_headers(content: bytes) -> Mapping[str, str]:
            return {**self.authorize(endpoint, secrets, url, content, deadline), **(headers or {})}

        return Upstream(
            inference_id=endpoint.inference_id,
            url=url,
            headers=all_headers,
            body=body,
            rules=self.rules,
            message_of=self.message_of,
            secrets=self.unquotable(secrets),
            renew=lambda: self.renew(endpoint, secrets),
        )

    def single(self, request: InferenceRequest) -> str:
        """The one input of a completion.

        Raises:
            RestError: 400, there are several.
        """
        if len(request.input) != 1:
            raise status_exception(400, f"{self.display_name} completions only accepts 1 input")
        return request.input[0]

    def in_batches(self, endpoint: Endpoint, texts: Sequence[str], embed: Callable[[list[str]], T]) -> list[T]:
        """Embeds texts in requests the provider takes.

        Texts are cut to `max_input_tokens` before, and by half as often as the provider says that they are too long.
        """
        limit = endpoint.service_settings.get("max_input_tokens")
        if limit is not None:
            texts = [text[: limit * CHARACTERS_PER_TOKEN] for text in texts]
        return [_halving(batch, embed) for batch in self._batches(texts, self.most_inputs(endpoint))]

    def most_inputs(self, endpoint: Endpoint) -> int:
        """Texts in one embedding request of an endpoint; `max_inputs` unless a service has a finer rule."""
        return self.max_inputs

    def _batches(self, texts: Sequence[str], most: int) -> Iterator[list[str]]:
        """As many texts in a request as the provider takes, by number and by a guess of their tokens."""
        batch: list[str] = []
        size = 0
        for text in texts:
            tokens = len(text) // CHARACTERS_PER_TOKEN + 1
            full = len(batch) == most
            if batch and (full or (self.max_request_tokens is not None and size + tokens > self.max_request_tokens)):
                yield batch
                batch, size = [], 0
            batch.append(text)
            size += tokens
        if batch:
            yield batch


def header_secrets(settings: Settings, *names: str, required: bool) -> Secrets:
    """Secrets that travel in headers, without blanks around them.

    Args:
        settings: the service settings.
        names: of the secrets.
        required: whether they must all be given.
    """
    found = {name: (settings.text(name, required=required) or "").strip() for name in names}
    for name, value in found.items():
        if not (value.isascii() and value.isprintable()):
            settings.wrong(f"[{name}] must hold printable ASCII characters only, as HTTP headers do")
    return Secrets({name: value for name, value in found.items() if value})


def _halving(texts: list[str], embed: Callable[[list[str]], T]) -> T:
    while True:
        try:
            return embed(texts)
        except RestError as error:
            shorter = [text[: len(text) // 2] for text in texts]
            if not error.reason.startswith(TOO_LARGE) or not any(shorter):
                raise
            texts = shorter
