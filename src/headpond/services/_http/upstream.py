"""One call of a provider, from bytes to a parsed answer, a stream, or an error in Elasticsearch's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import httpx
import orjson

from headpond.errors import RestError
from headpond.inference.chunks import Chunk
from headpond.inference.deadline import Deadline
from headpond.inference.invalid import status_exception
from headpond.inference.secrets import Secrets
from headpond.services._http.answer import Answer, NoAnswerError
from headpond.services._http.client import begin, exchange, finish, no_answer
from headpond.services._http.events import ChunkStream, Decode, Event
from headpond.services._http.retry import CONNECT_ATTEMPTS, FailedAttempt, retry_after, with_retries
from headpond.services._http.rules import Rules, caller_error, without_query
from headpond.services._http.sound import problem

T = TypeVar("T")

_QUOTED_CHARACTERS = 1000


class MalformedError(ValueError):
    """An answer that is no answer to the request; the text says what is missing or wrong."""


def _never() -> bool:
    return False


Headers = Callable[[bytes], Mapping[str, str]]
"""Makes the headers for the bytes that are sent, with the credentials in them; called anew for each attempt."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """What is sent, and what errors mean.

    Attributes:
        inference_id: for messages.
        url: the whole URL.
        headers: see `Headers`.
        body: is sent as JSON, bytes as they are.
        rules: what the provider's statuses mean.
        message_of: the provider's error message in a parsed error body, or None.
        secrets: blanked wherever the provider quotes them.
        client: instead of the process's client.
        retries: whether a request may be sent again.
        purpose: what the request is called in messages.
        renew: called when the credentials are refused; True when the next attempt would have others.
    """

    inference_id: str
    url: str
    headers: Headers = field(repr=False)
    body: Mapping[str, Any] | bytes = field(repr=False)
    rules: Rules
    message_of: Callable[[Any], str | None]
    secrets: Secrets
    client: httpx.Client | None = None
    retries: bool = True
    purpose: str = "request"
    renew: Callable[[], bool] = _never

    def call(self, read: Callable[[Any], T], deadline: Deadline) -> T:
        """Sends the request, again if that may help, until the deadline.

        Args:
            read: makes the result of the parsed body of a 2xx; raises `MalformedError` when it cannot, `RestError` for
                the provider's own errors.
            deadline: for all attempts together.

        Raises:
            RestError: what the caller of the endpoint gets.
        """
        content = self._content()
        return with_retries(lambda: self._attempt(content, read, deadline), deadline, once=not self.retries)

    def stream(self, read: Callable[[Event], Iterable[Chunk]], decode: Decode, deadline: Deadline) -> ChunkStream:
        """Sends the request, again if that may help, until an answer begins; from then on nothing is repeated.

        Args:
            read: makes chunks of an event; raises `MalformedError` when it cannot, `RestError` for the provider's own
                errors.
            decode: makes events of the answer's bytes.
            deadline: for all attempts together; the pauses between two parts of the answer are as long at most as is
                left when it begins.

        Raises:
            RestError: what the caller of the endpoint gets.
        """
        content = self._content()

        def begun() -> tuple[httpx.Response, Secrets]:
            headers = self._headers(content)
            return self._begin(content, headers, deadline), self._sent(headers)

        response, sent = with_retries(begun, deadline, once=not self.retries)

        def chunks(event: Event) -> Iterator[Chunk]:
            try:
                yield from read(event)
            except RestError as error:
                raise _redacted(error, sent) from None

        return ChunkStream(response, decode, chunks, partial(self._broken, deadline=deadline), self._malformed)

    def _content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return orjson.dumps(self.body, option=orjson.OPT_SERIALIZE_NUMPY)

    def _attempt(self, content: bytes, read: Callable[[Any], T], deadline: Deadline) -> T:
        headers = self._headers(content)
        try:
            answer = exchange(self.client, self.url, headers, content, deadline)
        except NoAnswerError as error:
            raise self._unanswered(error, deadline) from error
        if not 200 <= answer.status < 300:
            raise self._refused(answer, self._sent(headers))
        try:
            result = read(self._parsed(answer))
            if wrong := problem(result):
                raise MalformedError(wrong)
            return result
        except MalformedError as error:
            raise FailedAttempt(self._malformed(str(error)), retry=True, attempts=2) from None
        except RestError as error:
            raise _redacted(error, self._sent(headers)) from None

    def _headers(self, content: bytes) -> Mapping[str, str]:
        return {"content-type": "application/json", **self.headers(content)}

    def _begin(self, content: bytes, headers: Mapping[str, str], deadline: Deadline) -> httpx.Response:
        try:
            response = begin(self.client, self.url, headers, content, deadline)
            if 200 <= response.status_code < 300:
                return response
            answer = finish(response, deadline)
        except NoAnswerError as error:
            raise self._unanswered(error, deadline) from error
        raise self._refused(answer, self._sent(headers))

    def _broken(self, error: httpx.RequestError, deadline: Deadline) -> RestError:
        """A stream whose connection failed on the way."""
        if isinstance(error, httpx.TimeoutException):
            return status_exception(408, f"Request timed out after [{deadline}]")
        return self._unanswered(no_answer(error, deadline), deadline).error

    def _malformed(self, what: str) -> RestError:
        reason = self.secrets.redact(f"{what} for {self.purpose} from inference entity id [{self.inference_id}]")
        return RestError(500, "illegal_state_exception", reason)

    def _parsed(self, answer: Answer) -> Any:
        if not answer.body.strip():
            raise MalformedError("Response body is empty")
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise MalformedError(f"Failed to parse the response: [{error.lineno}:{error.colno}] {error.msg}") from None

    def _sent(self, headers: Mapping[str, str]) -> Secrets:
        """All that must not be quoted: the secrets, and a token that was fetched with them."""
        given = {name.lower(): value for name, value in headers.items()}
        scheme, _, credentials = given.get("authorization", "").partition(" ")
        return self.secrets.merged(Secrets({"sent": credentials if scheme == "Bearer" else ""}))

    def _refused(self, answer: Answer, sent: Secrets) -> FailedAttempt:
        body = _parsed_or_none(answer)
        message = sent.redact(self._message(body))[:_QUOTED_CHARACTERS]
        rule = self.rules.rule(answer.status, message, answer.headers, self.secrets.redact(self.url))
        wait = retry_after(answer.headers)
        error = caller_error(rule, self.inference_id, answer.status, message, wait, self.purpose)
        error.origin = {name: sent.redact(value) for name, value in _origin(body).items()}
        if answer.status == 401 and self.renew():
            return FailedAttempt(error, retry=True, attempts=2)
        return FailedAttempt(error, retry=rule.retry, retry_after=wait)

    def _message(self, body: Any) -> str:
        try:
            return self.message_of(body) or ""
        except (KeyError, TypeError, AttributeError, IndexError):
            return ""

    def _unanswered(self, error: NoAnswerError, deadline: Deadline) -> FailedAttempt:
        where = self.secrets.redact(without_query(self.url))
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


def _redacted(error: RestError, secrets: Secrets) -> RestError:
    """The error without secrets: what a reader made of a provider's words may quote them."""
    found = RestError(error.status, error.type, secrets.redact(error.reason), headers=error.headers)
    found.origin = {name: secrets.redact(value) for name, value in error.origin.items()}
    return found


def _parsed_or_none(answer: Answer) -> Any:
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def _origin(body: Any) -> dict[str, str]:
    """What the provider calls its error, where it does so as OpenAI does: `{"error": {"code", "type", "param"}}`."""
    error = body.get("error") if isinstance(body, dict) else None
    names = ("code", "type", "param") if isinstance(error, dict) else ()
    return {name: error[name] for name in names if isinstance(error, dict) and isinstance(error.get(name), str)}
