"""Refused requests: 401 where nobody was recognised, 403 where somebody may not do this."""

from __future__ import annotations

from headpond.errors import RestError

CHALLENGES = ('Basic realm="security", charset="UTF-8"', "ApiKey")


class Refusal(RestError):
    """An answer of the security layer; as in Elasticsearch it carries no product header and is never filtered."""


def unauthenticated(
    reason: str, *, credentials: str | None = None, caused_by: RestError | None = None, challenge: bool = True
) -> Refusal:
    """A 401 `security_exception` that says which credentials are taken.

    Args:
        reason: what is missing or wrong, without any secret.
        credentials: why those that were sent were not taken, without any secret.
        caused_by: what could not be read.
        challenge: whether the answer names the schemes that are taken.
    """
    extra: dict[str, object] = {}
    if credentials is not None:
        extra["additional_unsuccessful_credentials"] = credentials
    if challenge:
        extra["header"] = {"WWW-Authenticate": list(CHALLENGES)}
    headers = {"www-authenticate": ", ".join(CHALLENGES)} if challenge else {}
    return Refusal(401, "security_exception", reason, caused_by=caused_by, extra=extra, headers=headers)


def forbidden(reason: str) -> Refusal:
    """A 403 `security_exception`."""
    return Refusal(403, "security_exception", reason)
