"""OpenAI's errors, and what its rate limit headers say."""

from __future__ import annotations

from typing import Any

import httpx

from headpond.services._http.messages import detail
from headpond.services._http.rules import Rules


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


RULES = Rules(rate_limit_detail=_limits, too_large=_too_large)


def message_of(body: Any) -> str | None:
    """`{"error": {"message"}}`, and what compatible servers make of it.

    Some put a bare text under `error` or `message`, those made with FastAPI their own form under `detail`, Mistral that
    form below `message`.
    """
    error = body.get("error") or body
    message = error if isinstance(error, str) else error.get("message")
    if isinstance(message, dict):
        return detail(message)
    return message if isinstance(message, str) else detail(error)
