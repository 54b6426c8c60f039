"""One connection to a provider, kept from request to request: HTTP/1.1 on a socket, read by llhttp (httptools).

httpx spends twice as much on a request as all the rest of the pond does. What it makes of an answer is used all the
same: answers are `httpx.Response`, errors are httpx's.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator

import httptools
import httpx

from headpond.inference.deadline import Deadline

PART_BYTES = 64 * 1024
MAX_HEAD_BYTES = 100 * 1024
LONGEST_READ_SECONDS = 600.0


class Connection:
    """A connection, used for one exchange at a time.

    Each call that may wait lets other threads run, who do not give way at once. So the socket never waits by itself:
    for an answer there is one wait and one read, where a socket with a timeout would take twice as many.

    Args:
        connected: a socket; it is closed with the connection.

    Attributes:
        socket: the same.
        reusable: whether another request may follow the one that was answered last.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket = connected
        self.reusable = True
        self._ready = Readiness(connected)
        self._parser = httptools.HttpResponseParser(self)
        self._begin()

    def _begin(self) -> None:
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._headed = self._whole = False

    def ask(self, request: bytes, body: bytes, deadline: Deadline) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Sends a request and reads the head of the answer.

        Returns:
            Status and headers.

        Raises:
            httpx.RequestError: there is no answer, none of HTTP's, or none in time.
        """
        self._begin()
        self.reusable = False
        lost = self._send(request + body if len(body) < PART_BYTES else request, deadline)
        if len(body) >= PART_BYTES and lost is None:
            lost = self._send(body, deadline)
        size = 0
        while not self._headed:
            data = self._receive(deadline.remaining)
            size += len(data)
            if not data:
                if lost is not None:
                    raise httpx.WriteError(str(lost)) from lost
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
            self._feed(data)
            if not self._headed and size > MAX_HEAD_BYTES:
                raise httpx.RemoteProtocolError("The head of the answer is too long")
        return self._status, self._headers

    def body(self, remaining: Callable[[], float]) -> Iterator[bytes]:
        """The body of the answer, as it comes.

        Args:
            remaining: seconds to wait for the next part.

        Raises:
            httpx.RequestError: it ends early, or does not go on in time.
        """
        while True:
            parts, self._parts = self._parts, []
            yield from parts
            if self._whole:
                return
            data = self._receive(remaining())
            if data:
                self._feed(data)
            elif self._ends_with_connection():
                self._whole = True
            else:
                raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")

    def is_stale(self) -> bool:
        """Whether the server has closed it, or sent something nobody asked for, since the last answer."""
        return self._ready.wait(0)

    def close(self) -> None:
        """Ends the connection."""
        self.reusable = False
        self.socket.close()

    def _send(self, data: bytes, deadline: Deadline) -> OSError | None:
        left = memoryview(data)
        while left:
            try:
                left = left[self.socket.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError) as error:
                writing = not isinstance(error, ssl.SSLWantReadError)
                if not self._ready.wait(deadline.remaining, writing=writing):
                    raise httpx.WriteTimeout("timed out") from None
            except OSError as error:  # servers that refuse a body may answer and close before they have read it
                return error
        return None

    def _receive(self, seconds: float) -> bytes:
        until = time.monotonic() + seconds
        writing = False
        try:
            while self._has_read_ahead() or self._ready.wait(until - time.monotonic(), writing=writing):
                try:
                    return self.socket.recv(PART_BYTES)
                except (BlockingIOError, ssl.SSLWantReadError):
                    writing = False
                except ssl.SSLWantWriteError:
                    writing = True
        except (OSError, ValueError) as error:
            raise httpx.ReadError(str(error)) from error
        raise httpx.ReadTimeout("timed out")

    def _has_read_ahead(self) -> bool:
        """Whether TLS has decrypted more than was taken."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise httpx.RemoteProtocolError("The server answers in another protocol") from None
        except httptools.HttpParserError as error:
            self.reusable = False
            if not self._whole:  # what comes after the answer is nobody's
                raise httpx.RemoteProtocolError(f"The answer is not HTTP: {error}") from None

    def _ends_with_connection(self) -> bool:
        """Whether an answer says nothing of its length (RFC 9112, 6.3)."""
        names = {name.lower() for name, _ in self._headers}
        return names.isdisjoint((b"content-length", b"transfer-encoding"))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Another answer follows, which nobody asked for, unless the one before was of the kind 1xx."""
        if self._whole:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if not self._whole:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head has ended."""
        if not self._whole:
            self._status = self._parser.get_status_code()
            self._headed = self._status >= 200

    def on_body(self, data: bytes) -> None:
        """A part of the body."""
        if not self._whole:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        """The answer has ended; one of the kind 1xx is not yet the answer (RFC 9110, 15.2)."""
        if not self._headed:
            self._headers = []
        elif not self._whole:
            self._whole = True
            self.reusable = self._parser.should_keep_alive()


class Readiness:
    """Waits until a socket can be read or written.

    Args:
        connected: does not wait by itself.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._poll: select.poll | None = None
        if hasattr(select, "poll"):  # not on Windows
            self._poll = select.poll()
            self._poll.register(connected, select.POLLIN)

    def wait(self, seconds: float, *, writing: bool = False) -> bool:
        """Whether it is ready within the time; one that is closed is, too.

        Args:
            seconds: how long to wait; `LONGEST_READ_SECONDS` at most.
            writing: whether to write, or else to read.
        """
        seconds = min(max(0.0, seconds), LONGEST_READ_SECONDS)
        if self._poll is not None and not writing:
            return bool(self._poll.poll(1000 * seconds))
        if self._poll is not None:
            poll = select.poll()
            poll.register(self._socket, select.POLLOUT)
            return bool(poll.poll(1000 * seconds))
        read, write = ([], [self._socket]) if writing else ([self._socket], [])
        return any(select.select(read, write, [], seconds))
