"""A server that does to its connections what a test says, and what is sent to it."""

import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from headpond.inference.deadline import Deadline
from headpond.services._http import client as http
from headpond.services._http.answer import Answer, NoAnswerError

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """A server that does as it is told; keeps what it read."""

    def __init__(self, script: "Script", tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.over = threading.Event()
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/v1"
        self.connections = 0
        self._open: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def read(self, connection: socket.socket) -> bytes:
        """A whole request; nothing when the client has gone."""
        request = b""
        while b"\r\n\r\n" not in request:
            part = connection.recv(65536)
            if not part:
                return b""
            request += part
        head, _, body = request.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        self.asked.append(head + b"\r\n\r\n" + body)
        return request

    def close(self) -> None:
        self.over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()
        for thread in self._open:
            thread.join()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.over.is_set():
                connection.close()
                return
            self.connections += 1
            self._open.append(threading.Thread(target=self._serve, args=(connection,)))
            self._open[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(60)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._script(self, connection)
        except OSError:  # the client has gone
            pass
        finally:
            connection.close()


Script = Callable[[Server, socket.socket], None]
"""What a server does with a connection."""

Serve = Callable[..., Server]
"""Starts a server: `serve(script)`, or `serve(script, tls)`."""


def always(answer: bytes) -> Script:
    """Answers every request of a connection so."""

    def script(server: Server, connection: socket.socket) -> None:
        while server.read(connection):
            connection.sendall(answer)

    return script


def once(answer: bytes) -> Script:
    """Answers the first request of a connection so, and closes it."""

    def script(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(answer)

    return script


def silent(server: Server, connection: socket.socket) -> None:
    """Reads nothing and says nothing until the test is over."""
    server.over.wait()


def post(url: str, body: bytes = b"{}", seconds: float = 60, **headers: str) -> Answer:
    return http.exchange(None, url, headers, body, Deadline.after(seconds))


def failure(url: str, body: bytes = b"{}", seconds: float = 60, **headers: str) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as caught:
        post(url, body, seconds, **headers)
    return caught.value
