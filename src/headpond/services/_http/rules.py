"""What a provider's status means to the caller, in Elasticsearch's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import httpx

from headpond.errors import RestError
from headpond.inference.invalid import status_exception

SERVER_ERROR = "Received a server error status code"
SERVER_BUSY = "Received a server busy error status code"
RATE_LIMIT = "Received a rate limit status code"
TOO_LARGE = "Received a content too large status code"
AUTHENTICATION = "Received an authentication error status code"
PERMISSION = "Received a permission denied error status code"
NOT_ALLOWED = "Received a method not allowed status code"
REDIRECTION = "Unhandled redirection"
INPUT_VALIDATION = "Received an input validation error response"
BAD_REQUEST = "Received a bad request status code"
UNSUCCESSFUL = "Received an unsuccessful status code"


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do about a status: the text's beginning, and whether the same request may be sent again."""

    text: str
    retry: bool = False


def _no_detail(headers: httpx.Headers) -> str:
    return ""


def _never(status: int, message: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Rules:
    """A provider's statuses.

    Attributes:
        exact: rules of single statuses, besides those all providers share.
        rate_limit_detail: what a 429 adds from the answer's headers.
        too_large: whether a status and message mean "fewer characters, please"; a 413 always does.
    """

    exact: Mapping[int, Rule] = field(default_factory=dict)
    rate_limit_detail: Callable[[httpx.Headers], str] = _no_detail
    too_large: Callable[[int, str], bool] = _never

    def rule(self, status: int, message: str, headers: httpx.Headers, url: str) -> Rule:
        """The rule for an answer that is no success."""
        if status == 413 or self.too_large(status, message):
            return Rule(TOO_LARGE)
        if status == 429:
            return Rule(RATE_LIMIT + self.rate_limit_detail(headers), retry=True)
        if status == 404:
            return self.exact.get(status, Rule(f"Resource not found at [{without_query(url)}]"))
        return self.exact.get(status) or _SHARED.get(status) or _by_hundred(status)


_SHARED: Mapping[int, Rule] = {
    400: Rule(BAD_REQUEST),
    401: Rule(AUTHENTICATION),
    403: Rule(PERMISSION),
    405: Rule(NOT_ALLOWED),
    422: Rule(INPUT_VALIDATION),
    500: Rule(SERVER_ERROR, retry=True),
    503: Rule(SERVER_BUSY, retry=True),
}


def _by_hundred(status: int) -> Rule:
    if status > 500:
        return Rule(SERVER_ERROR)
    return Rule(REDIRECTION if 300 <= status < 400 else UNSUCCESSFUL)


def caller_error(
    rule: Rule, inference_id: str, status: int, message: str, retry_after: float | None, purpose: str = "request"
) -> RestError:
    """What the caller of an endpoint gets.

    A status of 500 and above becomes 400, as in Elasticsearch; so does a redirection, which would be an answer without
    a place to go to.

    Args:
        rule: of the status.
        inference_id: the endpoint.
        status: the provider's.
        message: the provider's, already without secrets; may be empty.
        retry_after: seconds the provider asked to wait; passed on.
        purpose: what the request is called.
    """
    reason = f"{rule.text} for {purpose} from inference entity id [{inference_id}] status [{status}]"
    if message:
        reason += f". Error message: [{message}]"
    error = status_exception(status if 400 <= status < 500 and status in _KNOWN else 400, reason)
    if retry_after is not None:
        error.headers["retry-after"] = str(max(1, round(retry_after)))
    return error


_KNOWN = frozenset(int(status) for status in HTTPStatus)


def without_query(url: str) -> str:
    """A URL that may be shown: without query (some providers take keys there) and without user name and password."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
