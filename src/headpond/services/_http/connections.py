"""Connections to providers: opened in time, kept while they are idle."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from typing import Any

import httpx

from headpond.inference.deadline import Deadline
from headpond.services._http.connection import Connection
from headpond.services._http.target import Target

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 60.0
FRESH_SECONDS = 0.05
"""So long after an answer a connection is used again without a look whether it was closed. With many callers the look
costs a seventh of a call's CPU; servers say with their answer that they close, and a request that meets a closed
connection all the same is sent again."""
MOST_IDLE = 256
"""Of one server."""

_Server = tuple[bool, str, int]


class Connections:
    """Idle connections; the one that was used last is lent first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[_Server, list[tuple[Connection, float]]] = {}
        self._looked_at = time.monotonic()
        self._tls: ssl.SSLContext | None = None

    def borrow(self, target: Target, deadline: Deadline) -> Connection:
        """A connection that is the caller's alone.

        Raises:
            httpx.ConnectError: none can be made; its cause is a `socket.gaierror` where the name is not known.
            httpx.ConnectTimeout: none was made in time.
        """
        server = (target.secure, target.host, target.port)
        while True:
            with self._lock:
                idle = self._idle.get(server)
                if not idle:
                    break
                connection, since = idle.pop()
            idle_for = time.monotonic() - since
            if idle_for < FRESH_SECONDS or (idle_for < IDLE_SECONDS and not connection.is_stale()):
                return connection
            connection.close()
        return Connection(self._connected(target, min(CONNECT_SECONDS, deadline.remaining)))

    def give_back(self, target: Target, connection: Connection) -> None:
        """Keeps a connection that can be used again."""
        if not connection.reusable:
            connection.close()
            return
        now = time.monotonic()
        late: list[Connection] = []
        with self._lock:
            idle = self._idle.setdefault((target.secure, target.host, target.port), [])
            if len(idle) < MOST_IDLE:
                idle.append((connection, now))
            else:
                late.append(connection)
            if now - self._looked_at > IDLE_SECONDS:
                self._looked_at = now
                late += self._expired(now)
        for connection in late:
            connection.close()

    def close(self) -> None:
        """Closes the connections that nobody uses."""
        for kept in list(self._idle.values()):
            while kept:
                with contextlib.suppress(Exception):
                    kept.pop()[0].close()

    def _expired(self, now: float) -> list[Connection]:
        found: list[Connection] = []
        for server, kept in list(self._idle.items()):
            found += [connection for connection, since in kept if now - since >= IDLE_SECONDS]
            kept[:] = [(connection, since) for connection, since in kept if now - since < IDLE_SECONDS]
            if not kept:
                del self._idle[server]
        return found

    def _connected(self, target: Target, seconds: float) -> socket.socket:
        until = time.monotonic() + seconds
        failure: OSError | None = None
        try:
            for family, kind, protocol, _, address in _addresses(target, seconds):
                connected = socket.socket(family, kind, protocol)
                try:
                    connected.settimeout(max(0.001, until - time.monotonic()))
                    connected.connect(address)
                    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return self._encrypted(connected, target) if target.secure else connected
                except OSError as error:  # another address may do
                    connected.close()
                    failure = error
                except BaseException:
                    connected.close()
                    raise
        except socket.gaierror as error:
            failure = error
        except TimeoutError as error:
            failure = error
        if isinstance(failure, TimeoutError):
            raise httpx.ConnectTimeout("timed out") from failure
        raise httpx.ConnectError(str(failure)) from failure

    def _encrypted(self, connected: socket.socket, target: Target) -> ssl.SSLSocket:
        if self._tls is None:  # it takes a while to make
            self._tls = httpx.create_ssl_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls.wrap_socket(connected, server_hostname=target.host)


def _addresses(target: Target, seconds: float) -> list[tuple[Any, ...]]:
    """The server's addresses. Looking a name up cannot be interrupted, so another thread does it."""
    if target.numeric:
        return _looked_up(target)
    found: Future[list[tuple[Any, ...]]] = Future()

    def look_up() -> None:
        try:
            found.set_result(_looked_up(target))
        except Exception as error:
            found.set_exception(error)

    threading.Thread(target=look_up, name="headpond-name", daemon=True).start()
    return found.result(seconds)


def _looked_up(target: Target) -> list[tuple[Any, ...]]:
    return socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
