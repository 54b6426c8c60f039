"""The events of a provider's answer as they come, until somebody has had enough."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass

import httpx
from httpx_sse import EventSource, SSEError

from headpond.errors import RestError
from headpond.inference.chunks import Chunk
from headpond.services._http.sound import chunk_problem

MAX_STREAM_BYTES = 50 * 1024 * 1024
"""A longer stream is ended with an error."""

END = "[DONE]"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `name` is `message` where the provider gives none."""

    name: str
    data: str


Decode = Callable[[httpx.Response], Iterator[Event]]


def server_sent(response: httpx.Response) -> Iterator[Event]:
    """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), up to `[DONE]`.

    Raises:
        ValueError: the answer is of another type.
    """
    try:
        for event in EventSource(response).iter_sse():
            if event.data.strip() == END:
                return
            if event.data:
                yield Event(event.event or "message", event.data)
    except SSEError as error:
        raise ValueError(f"The answer is not a stream of events: {error}") from None


class ChunkStream:
    """Chunks read from a provider's events; see `headpond.inference.chunks.Stream`.

    Args:
        response: begun, not read.
        decode: makes events of its body.
        read: makes chunks of one event; raises `MalformedError` (a `ValueError`) for what it cannot read, `RestError`
            for the provider's own errors.
        failed: the error for the caller when the connection fails on the way.
        malformed: the error for the caller when an event cannot be read.
    """

    def __init__(
        self,
        response: httpx.Response,
        decode: Decode,
        read: Callable[[Event], Iterable[Chunk]],
        failed: Callable[[httpx.RequestError], RestError],
        malformed: Callable[[str], RestError],
    ) -> None:
        self._response = response
        self._decode = decode
        self._read = read
        self._failed = failed
        self._malformed = malformed
        self._closed = False
        self._chunks = self._generate()

    def __iter__(self) -> Iterator[Chunk]:
        return self._chunks

    def close(self) -> None:
        """Ends the provider's work; a read that waits for it returns."""
        self._closed = True
        # Closing an answer from outside would not wake the thread that reads from it.
        if hang_up := self._response.extensions.get("hang_up"):
            hang_up()
        # A generator that another thread is in cannot be closed; there the read just ended closes the answer.
        with contextlib.suppress(ValueError):
            self._chunks.close()
            self._response.close()

    def _generate(self) -> Generator[Chunk, None, None]:
        self._response.stream = _Limited(self._response.stream)
        empty = True
        try:
            for event in self._decode(self._response):
                if self._closed:
                    return
                empty = False
                for chunk in self._read(event):
                    if wrong := chunk_problem(chunk):
                        raise ValueError(wrong)
                    yield chunk
            if empty:
                raise ValueError("Response body is empty")
        except httpx.RequestError as error:
            if not self._closed:
                raise self._failed(error) from error
        except httpx.StreamError:
            if not self._closed:
                raise
        except ValueError as error:
            if not self._closed:
                raise self._malformed(str(error)) from error
        finally:
            self._response.close()


class _Limited(httpx.SyncByteStream):
    """The bytes of an answer, until there are too many; a line of an event may be endless.

    A byte order mark at the beginning is no part of the first event.
    """

    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        assert isinstance(stream, httpx.SyncByteStream)
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._stream:
            if not size:
                part = part.removeprefix(codecs.BOM_UTF8)
            size += len(part)
            if size > MAX_STREAM_BYTES:
                raise ValueError(f"The stream is longer than {MAX_STREAM_BYTES} bytes")
            yield part

    def close(self) -> None:
        self._stream.close()
