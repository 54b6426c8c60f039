"""Requests that a proxy of the environment may carry; httpx decides which, and speaks with it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator

import httpx

from headpond.services._http.body import shut
from headpond.services._http.target import Target


class Proxied:
    """httpx's clients, each lent to one request at a time; the one given back last is lent first.

    One client for all would look at every idle connection of its pool before each request, which at 64 callers costs
    several times what the request does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[httpx.Client] = []
        self._tls: ssl.SSLContext | None = None
        self._proxies: bool | None = None

    def needed(self) -> bool:
        """Whether the environment names a proxy; it is looked at once."""
        if self._proxies is None:
            self._proxies = not {"http", "https", "all"}.isdisjoint(urllib.request.getproxies())
        return self._proxies

    def carries(self, target: Target) -> bool:
        """Whether a proxy may stand before a server; none does before this machine itself."""
        return not target.loopback and self.needed()

    def borrow(self) -> tuple[httpx.Client, Callable[[], None]]:
        """A client, and what gives it back; giving it back twice does nothing."""
        with self._lock:
            client = self._idle.pop() if self._idle else self._new()
        lent = [client]

        def give_back() -> None:
            with self._lock:
                self._idle.extend(lent)
                lent.clear()

        return client, give_back

    def close(self) -> None:
        """Closes the connections of clients that nobody uses."""
        while self._idle:
            with contextlib.suppress(Exception):
                self._idle.pop().close()

    def _new(self) -> httpx.Client:
        if self._tls is None:  # it takes a while to make
            self._tls = httpx.create_ssl_context()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=60)
        return httpx.Client(verify=self._tls, follow_redirects=False, limits=limits)


class Lent(httpx.SyncByteStream):
    """The body of an answer, whose end gives its client back.

    Args:
        response: as the client began it.
        give_back: of `Proxied.borrow`.
    """

    def __init__(self, response: httpx.Response, give_back: Callable[[], None]) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        self._stream = response.stream
        network = response.extensions.get("network_stream")
        self._socket = None if network is None else network.get_extra_info("socket")
        self._give_back = give_back
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        """Ends the answer."""
        with self._lock:
            self._socket = None
        try:
            self._stream.close()
        finally:
            self._give_back()

    def hang_up(self) -> None:
        """Ends the connection from any thread, and wakes the one that reads from it."""
        with self._lock:
            if isinstance(self._socket, socket.socket):
                shut(self._socket)
