"""A provider on this machine: a real HTTP server that keeps what it was asked and answers as it is told."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """One answer. `body` is sent as JSON unless it is bytes; one that `hangs` never comes; `reset` breaks the
    connection instead; an `unfinished` body promises more than ever comes; one that is `cut` too, and the connection
    ends; `parts` are sent one by one as they are made, and `Provider.left` is set when nobody reads them any more."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    reset: bool = False
    unfinished: bool = False
    cut: bool = False
    parts: Iterable[bytes] | None = None

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Provider:
    """Answers first what was queued with `then`, after that what `always` makes of the request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.always: Callable[[Asked], Reply] = lambda asked: Reply(500, b"nothing to answer")
        self._queued: list[Reply] = []
        self._lock = threading.Lock()
        self.closed = threading.Event()
        self.left = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else the body waits until the head is acknowledged

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = provider._next(Asked(self.command, self.path, headers, body))
                if reply.hangs:
                    provider.closed.wait()
                if reply.reset:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    self.connection.close()
                    return
                self._send(reply)

            do_DELETE = do_GET = do_PUT = do_POST

            def _send_parts(self, reply: Reply, parts: Iterable[bytes]) -> None:
                try:
                    self.send_response(reply.status)
                    for name, value in {"content-type": "text/event-stream", **reply.headers}.items():
                        self.send_header(name, value)
                    self.send_header("transfer-encoding", "chunked")
                    self.end_headers()
                    for part in parts:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    provider.left.set()
                    self.close_connection = True

            def _send(self, reply: Reply) -> None:
                if reply.parts is not None:
                    self._send_parts(reply, reply.parts)
                    return
                content = reply.content()
                try:
                    self.send_response(reply.status)
                    for name, value in {"content-type": "application/json", **reply.headers}.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(content) + (reply.unfinished or reply.cut)))
                    self.end_headers()
                    self.wfile.write(content)
                    if reply.unfinished:
                        provider.closed.wait()
                    self.close_connection = self.close_connection or reply.cut
                except OSError:  # the caller has gone
                    self.close_connection = True

            def finish(self) -> None:
                try:
                    super().finish()
                except (OSError, ValueError):  # reset above
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Keeps quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                if not isinstance(sys.exception(), OSError):  # a caller that goes away is none
                    super().handle_error(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def then(self, *replies: Reply) -> None:
        """Queues answers; each is given once."""
        with self._lock:
            self._queued += replies

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            queued = self._queued.pop(0) if self._queued else None
        return queued or self.always(asked)


def server_sent(*objects: Any, end: bytes = b"data: [DONE]\n\n") -> list[bytes]:
    """Objects as the parts of a stream of server-sent events."""
    return [b"data: " + json.dumps(item).encode() + b"\n\n" for item in objects] + [end]
