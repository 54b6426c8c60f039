"""Completions that are shown while they come, from any target."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import orjson
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import InputError, TargetError
from headpond.inference.duration import parse_duration
from headpond.overheard import listening
from headpond.pipeline.api_error import cause

_HEADERS = {"accept": "text/event-stream", "content-type": "application/json"}
_MARK = "\ufeff"


class StreamError(TargetError):
    """A stream that failed before its first piece or on its way.

    Args:
        message: the reasons.
        status: of HTTP, or the one the stream's last event names; 0 where it names none.
        body: the error as the target sent it.
    """

    def __init__(self, message: str, status: int, body: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


def complete(
    client: Elasticsearch,
    inference_id: str,
    task_type: str,
    text: str,
    tell: Callable[[str], None],
    *,
    timeout: str = "30s",
) -> str:
    """Asks an endpoint for a completion or a chat completion.

    Args:
        client: of any target; only with one from `headpond.connect` pieces come before the end.
        inference_id: the endpoint.
        task_type: `completion` or `chat_completion`.
        text: the question.
        tell: takes the next words.
        timeout: until the first piece, and between two.

    Returns:
        All of the text.

    Raises:
        StreamError: the target refuses, or the stream ends with an error.
        TransportError: the target does not answer.
        InputError: the timeout is no time.
    """
    chat = task_type == "chat_completion"
    body = {"messages": [{"role": "user", "content": text}]} if chat else {"input": text}
    words = _Words(tell)
    patient = client.options(max_retries=0, request_timeout=patience(timeout))
    path = f"/_inference/{task_type}/{quote(inference_id, safe='')}/_stream"
    with listening(words.feed):
        try:
            answer = patient.perform_request("POST", path, params={"timeout": timeout}, headers=_HEADERS, body=body)
        except ApiError as error:
            raise _refused(error) from None
    if not words.heard:
        words.feed(str(answer.body).encode())
    return words.finish()


def patience(timeout: str) -> float | None:
    """Seconds that a client waits for an answer to a request with such a `timeout`: a little longer than the target.

    Raises:
        InputError: it is no time of Elasticsearch's.
    """
    try:
        seconds = parse_duration(timeout, "timeout")
    except ValueError as error:
        raise InputError(str(error), hint="valid: 30s, 500ms, 5m, ...; -1 waits for as long as it takes") from None
    return None if seconds < 0 else seconds + 5


class _Words:
    """Reads the words out of server-sent events, each behind a byte order mark."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._left = ""
        self._said: list[str] = []
        self._ended = False
        self._error: Any = None
        self.heard = False

    def feed(self, part: bytes) -> None:
        self.heard = True
        self._left += self._decoder.decode(part).replace("\r\n", "\n")
        *blocks, self._left = self._left.split("\n\n")
        for block in blocks:
            self._read(block)

    def finish(self) -> str:
        if self._error is not None:
            raise _failed(self._error, 0)
        if not self._ended:
            raise StreamError("the stream broke off", 0, None)
        return "".join(self._said)

    def _read(self, block: str) -> None:
        data = "\n".join(
            line.removeprefix("data:").removeprefix(" ")
            for line in block.lstrip(_MARK).split("\n")
            if line.startswith("data:")
        )
        if data == "[DONE]":
            self._ended = True
        elif data:
            event = orjson.loads(data)
            if "error" in event:
                self._error = event
            for words in _spoken(event):
                self._said.append(words)
                self._tell(words)


def _spoken(event: Any) -> Iterator[str]:
    # Elasticsearch's specification wraps chunks of chats once more; its servers do not.
    event = event.get("chat_completion", event)
    for delta in event.get("completion", ()):
        yield delta["delta"]
    for choice in event.get("choices", ()):
        if words := choice["delta"].get("content"):
            yield words


def _refused(error: ApiError) -> StreamError:
    """An error answer; that of a stream is an event, of which the client gives the text."""
    body: Any = error.body
    if isinstance(body, str):
        data = body.partition("data:")[2].strip()
        try:
            body = orjson.loads(data)
        except orjson.JSONDecodeError:
            body = None
    return _failed(body, error.meta.status, error.message)


def _failed(body: Any, status: int, text: str = "") -> StreamError:
    error = body.get("error") if isinstance(body, dict) else None
    message = (error.get("message") if isinstance(error, dict) else None) or cause(error) or text or "the stream failed"
    if status == 0 and isinstance(body, dict):
        status = int(body.get("status", 0))
    return StreamError(str(message), status, body)
