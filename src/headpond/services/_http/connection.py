"""One connection to a provider, kept from request to request: HTTP/1.1 on a socket, read by llhttp (httptools).

httpx spends twice as much on a request as all the rest of the pond does. What it makes of an answer is used all the
same: answers are `httpx.Response`, errors are httpx's.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator

import httptools
import httpx

from headpond.inference.deadline import Deadline

PART_BYTES = 64 * 1024
MAX_HEAD_BYTES = 100 * 1024
LONGEST_READ_SECONDS = 600.0


class Connection:
    """A connection, used for one exchange at a time.

    Args:
        connected: a socket; it is closed with the connection.

    Attributes:
        socket: the same.
        reusable: whether another request may follow the one that was answered last.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.reusable = True
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
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([self.socket], [], [], 0)[0])

    def close(self) -> None:
        """Ends the connection."""
        self.reusable = False
        self.socket.close()

    def _send(self, data: bytes, deadline: Deadline) -> OSError | None:
        try:
            self.socket.settimeout(_seconds(deadline.remaining))
            self.socket.sendall(data)
        except TimeoutError as error:
            raise httpx.WriteTimeout("timed out") from error
        except OSError as error:  # servers that refuse a body may answer and close before they have read it
            return error
        return None

    def _receive(self, seconds: float) -> bytes:
        try:
            self.socket.settimeout(_seconds(seconds))
            return self.socket.recv(PART_BYTES)
        except TimeoutError as error:
            raise httpx.ReadTimeout("timed out") from error
        except (OSError, ValueError) as error:
            raise httpx.ReadError(str(error)) from error

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


class Body(httpx.SyncByteStream):
    """The body of an answer, and what becomes of its connection.

    Args:
        connection: has read the head.
        give_back: takes the connection when nobody needs it any more.
        deadline: when the body has come; None where only its pauses are limited.
        pause: the longest, in seconds.
    """

    def __init__(
        self, connection: Connection, give_back: Callable[[Connection], None], deadline: Deadline | None, pause: float
    ) -> None:
        self._connection: Connection | None = connection
        self._parts = connection.body(self._remaining)
        self._give_back = give_back
        self._deadline = deadline
        self._pause = pause
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        """Gives the connection back; one whose answer was not read to its end is closed."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            self._give_back(connection)

    def hang_up(self) -> None:
        """Ends the connection from any thread, and wakes the one that reads from it."""
        with self._lock:
            if self._connection is not None:
                shut(self._connection.socket)

    def _remaining(self) -> float:
        return self._pause if self._deadline is None else self._deadline.remaining


def shut(connected: socket.socket) -> None:
    """Shuts a socket down; closing it would not wake a thread that reads from it."""
    with contextlib.suppress(OSError):
        # Not the method of an SSL socket, which takes the encryption away under the reader's feet.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _seconds(remaining: float) -> float:
    """A socket's timeout; 0 would mean another thing."""
    return min(max(remaining, 0.001), LONGEST_READ_SECONDS)
