"""Bearer tokens that are fetched: asked for once, and kept until shortly before they expire."""

from __future__ import annotations

import base64
import math
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.inference.invalid import status_exception
from headpond.inference.secrets import Secrets
from headpond.services._http.reading import member
from headpond.services._http.rules import Rules
from headpond.services._http.upstream import MalformedError, Upstream

ANSWER = "token"
PURPOSE = "request to generate Bearer Token"
LONGEST_MARGIN_SECONDS = 60.0
"""A token is renewed so long before it expires, as by Elasticsearch's token cache."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token.

    Attributes:
        value: the token; never shown.
        lifetime: seconds from the moment it was asked for; 0 for one that is not to be kept.
    """

    value: str = field(repr=False)
    lifetime: float


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str = field(repr=False)
    until: float


class Tokens:
    """The tokens of one service, each under a key of what it was fetched with.

    Many threads may ask: one fetches, the others wait for what it gets.

    Args:
        clock: seconds, on a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, _Kept] = {}
        self._running: dict[Hashable, Future[str | None]] = {}

    def get(self, key: Hashable, fetch: Callable[[], Token], deadline: Deadline) -> str:
        """The token of a key.

        Args:
            key: whatever the token depends on, secrets included; a rotated secret is another key.
            fetch: gets a new token; raises `RestError`, which those who wait for it get too.
            deadline: until when this caller waits for another's fetch.

        Raises:
            RestError: of `fetch`, or 408 when another's fetch takes too long.
        """
        while True:
            with self._lock:
                kept = self._kept.get(key)
                if kept is not None and self._clock() < kept.until:
                    return kept.value
                running = self._running.get(key)
                if running is None:
                    mine = self._running[key] = Future()
                    break
            value = _wait(running, deadline)
            if value is not None:
                return value
        return self._fetch(key, mine, fetch)

    def forget(self, key: Hashable) -> bool:
        """Drops a token that was refused; returns whether there was one."""
        with self._lock:
            return self._kept.pop(key, None) is not None

    def _fetch(self, key: Hashable, mine: Future[str | None], fetch: Callable[[], Token]) -> str:
        asked = self._clock()
        token, failure = None, None
        try:
            token = fetch()
            return token.value
        except RestError as error:
            failure = error
            raise
        finally:
            with self._lock:
                del self._running[key]
                if token is not None:
                    self._keep(key, token, asked)
            # Whose time was over, or who was interrupted, says nothing to those who wait: they try themselves.
            if failure is None or failure.status == 408:
                mine.set_result(token.value if token else None)
            else:
                mine.set_exception(failure)

    def _keep(self, key: Hashable, token: Token, asked: float) -> None:
        until = asked + token.lifetime - min(LONGEST_MARGIN_SECONDS, token.lifetime / 2)
        now = self._clock()
        self._kept = {other: kept for other, kept in self._kept.items() if now < kept.until}
        self._kept[key] = _Kept(token.value, until)


def _wait(running: Future[str | None], deadline: Deadline) -> str | None:
    try:
        return running.result(min(deadline.remaining, threading.TIMEOUT_MAX))
    except TimeoutError:
        raise status_exception(408, f"Request timed out after [{deadline}]") from None


def client_credentials(
    inference_id: str,
    url: str,
    client_id: str,
    secret: str,
    scopes: list[str],
    deadline: Deadline,
    *,
    in_body: bool = False,
) -> Token:
    """Fetches a token with a client's id and secret (RFC 6749, section 4.4).

    Args:
        inference_id: for messages.
        url: of the token endpoint.
        client_id: who asks.
        secret: its secret.
        scopes: what for.
        deadline: for all attempts together.
        in_body: whether id and secret are posted with the form; else they are sent as HTTP Basic authentication, which
            all servers must take (section 2.3.1).

    Raises:
        RestError: no token came; in the words of `fetch_token`.
    """
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    if in_body:
        form |= {"client_id": client_id, "client_secret": secret}
        return fetch_token(inference_id, url, form, Secrets({"client_secret": secret}), deadline)
    basic = base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
    secrets = Secrets({"client_secret": secret, "basic": basic})
    return fetch_token(inference_id, url, form, secrets, deadline, headers={"authorization": f"Basic {basic}"})


def fetch_token(
    inference_id: str,
    url: str,
    form: Mapping[str, str],
    secrets: Secrets,
    deadline: Deadline,
    *,
    headers: Mapping[str, str] | None = None,
) -> Token:
    """Posts a form to a token endpoint and reads `access_token` and `expires_in` (RFC 6749, section 5).

    Args:
        inference_id: for messages.
        url: of the token endpoint.
        form: what is posted.
        secrets: blanked wherever the answer quotes them.
        deadline: for all attempts together.
        headers: further ones.

    Raises:
        RestError: as of any request of a provider, but "for request to generate Bearer Token".
    """
    sent = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **(headers or {})}
    upstream = Upstream(
        inference_id=inference_id,
        url=url,
        headers=lambda content: sent,
        body=urlencode(form).encode(),
        rules=Rules(),
        message_of=message_of,
        secrets=secrets,
        purpose=PURPOSE,
    )
    return upstream.call(read_token, deadline)


def read_token(body: Any) -> Token:
    """`{"access_token", "expires_in"}` (RFC 6749, section 5.1).

    Raises:
        MalformedError: there is no token.
    """
    value = member(body, "access_token", ANSWER)
    if not isinstance(value, str) or not value or not (value.isascii() and value.isprintable()):
        raise MalformedError(f"Field [access_token] in {ANSWER} response is not a token")
    try:
        lifetime = float(body.get("expires_in") or 0)  # Some servers send it as a text.
    except (TypeError, ValueError):
        lifetime = 0.0
    return Token(value, max(0.0, lifetime) if math.isfinite(lifetime) else 0.0)


def message_of(body: Any) -> str | None:
    """`{"error": "invalid_client", "error_description": "..."}` (RFC 6749, section 5.2), or IBM's `errorMessage`."""
    for name in ("error_description", "errorMessage", "error"):
        if isinstance(body.get(name), str):
            return str(body[name])
    return None
