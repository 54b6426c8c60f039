"""The base of services that call a provider over HTTP."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.inference.endpoint import Endpoint
from headpond.inference.invalid import status_exception
from headpond.inference.secrets import Secrets
from headpond.inference.settings import Settings
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
        requests_per_minute: the default of `rate_limit.requests_per_minute`.
        max_inputs: texts in one embedding request; more are sent in several.
        rules: what the provider's statuses mean.
    """

    requests_per_minute: ClassVar[int]
    max_inputs: ClassVar[int]
    rules: ClassVar[Rules] = Rules()

    def __init__(self) -> None:
        self._limits = RateLimits()

    def secrets(self, settings: Settings) -> Secrets:
        """The API key, without blanks around it."""
        return _api_key(settings, required=True)

    def rate_limit(self, settings: Settings) -> dict[str, int]:
        """`rate_limit`, with the provider's default filled in."""
        nested = Settings(settings.mapping("rate_limit") or {}, "rate_limit", settings.problems)
        rate = nested.positive("requests_per_minute")
        for name in nested.left():
            settings.wrong(f"does not allow the setting [rate_limit.{name}]")
        return {"requests_per_minute": rate or self.requests_per_minute}

    def update_settings(self, endpoint: Endpoint, settings: Settings) -> tuple[Mapping[str, Any], Secrets]:
        """The API key and the rate limit."""
        changed: dict[str, Any] = {}
        if (limit := settings.mapping("rate_limit")) is not None:
            changed["rate_limit"] = self.rate_limit(Settings({"rate_limit": limit}, settings.scope, settings.problems))
        return changed, _api_key(settings, required=False)

    @abstractmethod
    def headers(self, endpoint: Endpoint, secrets: Secrets) -> dict[str, str]:
        """Headers with the credentials."""

    @abstractmethod
    def message_of(self, body: Any) -> str | None:
        """The provider's error message in an error body."""

    def send(
        self,
        endpoint: Endpoint,
        secrets: Secrets,
        url: str,
        body: Mapping[str, Any],
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
            body: is sent as JSON.
            read: makes the result of the parsed answer; raises `MalformedError` when it cannot.
            deadline: for all attempts together.
            headers: further ones.

        Raises:
            RestError: 400 when the key is lost, 408 when the turn would come after the deadline, and what the
                provider's answer means.
        """
        if not secrets:
            name = endpoint.inference_id
            reason = f"The secrets of the inference endpoint [{name}] are not in this pond any more; give them again"
            raise status_exception(400, f"{reason}: PUT _inference/{name}/_update")
        rate = endpoint.service_settings["rate_limit"]["requests_per_minute"]
        key = (endpoint.service_settings.get("model_id"), secrets)
        if not self._limits.acquire(key, rate, deadline):
            raise status_exception(408, f"Request timed out after [{deadline}]")
        return Upstream(
            inference_id=endpoint.inference_id,
            url=url,
            headers={**self.headers(endpoint, secrets), **(headers or {})},
            body=body,
            read=read,
            rules=self.rules,
            message_of=self.message_of,
            secrets=secrets,
        ).call(deadline)

    def in_batches(self, endpoint: Endpoint, texts: Sequence[str], embed: Callable[[list[str]], T]) -> list[T]:
        """Embeds texts in requests the provider takes.

        Texts are cut to `max_input_tokens` before, and by half as often as the provider says that they are too long.
        """
        limit = endpoint.service_settings.get("max_input_tokens")
        if limit is not None:
            texts = [text[: limit * CHARACTERS_PER_TOKEN] for text in texts]
        starts = range(0, len(texts), self.max_inputs)
        return [_halving(list(texts[start : start + self.max_inputs]), embed) for start in starts]


def _api_key(settings: Settings, *, required: bool) -> Secrets:
    key = (settings.text("api_key", required=required) or "").strip()
    if not (key.isascii() and key.isprintable()):
        settings.wrong("[api_key] must hold printable ASCII characters only, as HTTP headers do")
    return Secrets({"api_key": key} if key else {})


def _halving(texts: list[str], embed: Callable[[list[str]], T]) -> T:
    while True:
        try:
            return embed(texts)
        except RestError as error:
            shorter = [text[: len(text) // 2] for text in texts]
            if not error.reason.startswith(TOO_LARGE) or not any(shorter):
                raise
            texts = shorter
