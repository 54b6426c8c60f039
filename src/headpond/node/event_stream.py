"""Streams of completions as Elasticsearch sends them: server-sent events, each behind a byte order mark."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator

from headpond.errors import RestError
from headpond.inference.chat_error import ChatError
from headpond.inference.chunks import Stream
from headpond.node.http import Response, encode

log = logging.getLogger("headpond.node")

EVENT_STREAM = "text/event-stream"
MARK = b"\xef\xbb\xbf"
DONE = MARK + b"event: message\ndata: [DONE]\n\n"


class EventStream:
    """The bytes of a stream; an error on the way becomes the last event.

    Args:
        chunks: what is sent.
        chat: whether errors look as chat completions have them.
    """

    def __init__(self, chunks: Stream, *, chat: bool) -> None:
        self._chunks = chunks
        self._chat = chat
        self._parts = self._generate()

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        """Ends the provider's work."""
        self._chunks.close()

    def _generate(self) -> Generator[bytes, None, None]:
        try:
            for chunk in self._chunks:
                yield _event("message", encode(chunk.to_json()))
        except RestError as error:
            yield _error(error, chat=self._chat)
        except Exception as error:
            log.exception("a stream failed")
            unexpected = RestError(500, "internal_server_error", f"{type(error).__name__}: {error}")
            yield _error(unexpected, chat=self._chat)
        else:
            yield DONE


def streamed(chunks: Stream, *, chat: bool) -> Response:
    """The answer that brings these chunks."""
    return Response(200, {"content-type": EVENT_STREAM}, b"", EventStream(chunks, chat=chat))


def refused(error: RestError, *, chat: bool) -> Response:
    """The answer to a stream that could not begin: the error's status, its body as an event."""
    headers = {**error.headers, "content-type": EVENT_STREAM}
    return Response(error.status, headers, _error(error, chat=chat))


def _error(error: RestError, *, chat: bool) -> bytes:
    return _event("error", encode((ChatError.of(error) if chat else error).body()))


def _event(name: str, data: bytes) -> bytes:
    return MARK + b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
