"""One call of a provider, from bytes to a parsed answer or an error in Elasticsearch's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx
import orjson

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.inference.invalid import status_exception
from headpond.inference.secrets import Secrets
from headpond.services._http.client import Answer, NoAnswerError, client_for, post
from headpond.services._http.retry import CONNECT_ATTEMPTS, FailedAttempt, retry_after, with_retries
from headpond.services._http.rules import Rules, caller_error, without_query

T = TypeVar("T")

_QUOTED_CHARACTERS = 1000


class MalformedError(Exception):
    """An answer that is no answer to the request; the text says what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Upstream(Generic[T]):
    """What is sent, and how the answer is read.

    Attributes:
        inference_id: for messages.
        url: the whole URL.
        headers: with the credentials in them; never shown.
        body: is sent as JSON.
        read: makes the result of the parsed body of a 2xx; raises `MalformedError` when it cannot.
        rules: what the provider's statuses mean.
        message_of: the provider's error message in a parsed error body, or None.
        secrets: blanked wherever the provider quotes them.
        client: instead of the process's client.
        retries: whether a request may be sent again.
    """

    inference_id: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, Any]
    read: Callable[[Any], T]
    rules: Rules
    message_of: Callable[[Any], str | None]
    secrets: Secrets
    client: httpx.Client | None = None
    retries: bool = True

    def call(self, deadline: Deadline) -> T:
        """Sends the request, again if that may help, until the deadline.

        Raises:
            RestError: what the caller of the endpoint gets.
        """
        content = orjson.dumps(self.body, option=orjson.OPT_SERIALIZE_NUMPY)
        return with_retries(lambda: self._attempt(content, deadline), deadline, once=not self.retries)

    def _attempt(self, content: bytes, deadline: Deadline) -> T:
        headers = {"content-type": "application/json", **self.headers}
        try:
            answer = post(self.client or client_for(self.url), self.url, headers, content, deadline)
        except NoAnswerError as error:
            raise self._unanswered(error, deadline) from error
        if not 200 <= answer.status < 300:
            raise self._refused(answer)
        try:
            return self.read(self._parsed(answer))
        except MalformedError as error:
            reason = f"{error} for request from inference entity id [{self.inference_id}]"
            raise FailedAttempt(RestError(500, "illegal_state_exception", reason), retry=True, attempts=2) from None

    def _parsed(self, answer: Answer) -> Any:
        if not answer.body.strip():
            raise MalformedError("Response body is empty")
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise MalformedError(f"Failed to parse the response: [{error.lineno}:{error.colno}] {error.msg}") from None

    def _refused(self, answer: Answer) -> FailedAttempt:
        message = self.secrets.redact(self._message(answer))[:_QUOTED_CHARACTERS]
        rule = self.rules.rule(answer.status, message, answer.headers, self.url)
        wait = retry_after(answer.headers)
        error = caller_error(rule, self.inference_id, answer.status, message, wait)
        return FailedAttempt(error, retry=rule.retry, retry_after=wait)

    def _message(self, answer: Answer) -> str:
        try:
            return self.message_of(orjson.loads(answer.body)) or ""
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, IndexError):
            return ""

    def _unanswered(self, error: NoAnswerError, deadline: Deadline) -> FailedAttempt:
        where = without_query(self.url)
        if error.out_of_time:
            return FailedAttempt(status_exception(408, f"Request timed out after [{deadline}]"), retry=False)
        if error.unknown_host:
            reason = f"Invalid host [{where}], please check that the URL is correct."
            return FailedAttempt(status_exception(400, reason), retry=True, attempts=CONNECT_ATTEMPTS)
        if error.too_large:
            return FailedAttempt(status_exception(400, f"[{where}]: {error.reason}"), retry=False)
        if error.unsendable:
            reason = (
                f"Failed to send request to [{where}] from inference entity id [{self.inference_id}]: {error.reason}"
            )
            return FailedAttempt(status_exception(400, reason), retry=False)
        reason = f"Failed to send request to [{where}] from inference entity id [{self.inference_id}]: {error.reason}"
        kind = "connect_exception" if error.unreachable else "i_o_exception"
        attempts = CONNECT_ATTEMPTS if error.unreachable else None
        return FailedAttempt(RestError(500, kind, self.secrets.redact(reason)), retry=True, attempts=attempts)
