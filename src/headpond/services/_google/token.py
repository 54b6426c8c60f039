"""Access tokens for a Google service account.

google-auth signs the request and reads the answer (https://developers.google.com/identity/protocols/oauth2/service-account);
the HTTP client of all providers carries it, with the caller's deadline and Elasticsearch's errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson

from headpond.errors import MissingExtraError, RestError
from headpond.inference.deadline import Deadline
from headpond.inference.invalid import status_exception
from headpond.inference.secrets import Secrets
from headpond.services._http.rules import Rules
from headpond.services._http.token import PURPOSE, Token, message_of, read_token
from headpond.services._http.upstream import Upstream

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def parsed_key_file(text: str) -> dict[str, Any] | None:
    """The service account's key file; None when the text is none."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    names = ("client_email", "private_key", "token_uri")
    whole = isinstance(found, dict) and all(isinstance(found.get(name), str) and found[name] for name in names)
    return found if whole else None


def parts_of(text: str) -> Secrets:
    """What of a key file must not be quoted: all of it, the key's id, and the key, however its lines are joined."""
    found = parsed_key_file(text) or {}
    lines = [line for line in found.get("private_key", "").splitlines() if len(line) > 8 and "-----" not in line]
    named = {"service_account_json": text, "private_key_id": str(found.get("private_key_id", ""))}
    return Secrets({**named, **{f"private_key {number}": line for number, line in enumerate(lines)}})


def fetch_token(inference_id: str, key_file: str, deadline: Deadline) -> Token:
    """Exchanges a service account's signature for an access token.

    Args:
        inference_id: for messages.
        key_file: the text of the key file.
        deadline: for all attempts together.

    Raises:
        RestError: 400 when google-auth is missing or the key cannot be used; else as of any request of a provider, but
            "for request to generate Bearer Token".
    """
    try:
        from google.auth.exceptions import GoogleAuthError
        from google.oauth2 import service_account
    except ImportError:
        missing = MissingExtraError("the service [googlevertexai]", "google", "google-auth")
        raise status_exception(400, f"{missing.message}: {missing.hint}") from None
    carrier = _Carrier(inference_id, parts_of(key_file), deadline)
    try:
        kind: Any = service_account.Credentials
        credentials = kind.from_service_account_info(parsed_key_file(key_file), scopes=[SCOPE])
        # Not before_request(), which may ask Google for more in a thread of its own.
        credentials.refresh(carrier)
    except (GoogleAuthError, ValueError) as error:
        raise _unusable(error, carrier.secrets) from None
    lifetime = 0.0
    if credentials.expiry is not None:
        lifetime = (credentials.expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    return Token(credentials.token, max(0.0, lifetime))


def _unusable(error: Exception, secrets: Secrets) -> RestError:
    reason = f"The key file in [service_account_json] cannot be used: {error}"
    return status_exception(400, secrets.redact(reason))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What google-auth wants to see of an answer."""

    data: bytes = field(repr=False)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Carrier:
    """Carries google-auth's requests; a `google.auth.transport.Request`.

    It repeats what may be repeated and raises what fails, so that google-auth, which knows no deadline, sees good
    answers only.
    """

    inference_id: str
    secrets: Secrets
    deadline: Deadline

    def __call__(
        self, url: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None, **_: Any
    ) -> _Answer:
        """Sends one request; google-auth asks for tokens with POST only."""
        signed = parse_qs(body.decode()).get("assertion", [""])[0]
        upstream = Upstream(
            inference_id=self.inference_id,
            url=url,
            headers=lambda content: {"accept": "application/json", **(headers or {})},
            body=body,
            rules=Rules(),
            message_of=message_of,
            secrets=self.secrets.merged(Secrets({"assertion": signed})),
            purpose=PURPOSE,
        )
        return _Answer(upstream.call(_checked, self.deadline))


def _checked(body: Any) -> bytes:
    read_token(body)
    return orjson.dumps(body)
