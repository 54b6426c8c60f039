"""The bodies of answers that are read while they come; any thread may end them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import httpx

from headpond.services._http.connection import Connection


class Body(httpx.SyncByteStream):
    """The body of an answer that is read while it comes, and what becomes of its connection.

    Args:
        connection: has read the head.
        give_back: takes the connection when nobody needs it any more.
        pause: the longest between two parts, in seconds.
    """

    def __init__(self, connection: Connection, give_back: Callable[[Connection], None], pause: float) -> None:
        self._connection: Connection | None = connection
        self._parts = connection.body(lambda: pause)
        self._give_back = give_back
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


def shut(connected: socket.socket) -> None:
    """Shuts a socket down; closing it would not wake a thread that reads from it."""
    with contextlib.suppress(OSError):
        # Not the method of an SSL socket, which takes the encryption away under the reader's feet.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
