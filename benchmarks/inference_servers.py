"""Servers that `inference_http` measures with: a provider, and the least that can stand before one in Python.

`python -m benchmarks.inference_servers provider PORT SECONDS` answers embeddings as OpenAI and Cohere do, `/slow`
after a pause. `... loop PORT UPSTREAM` and `... threads PORT UPSTREAM` pass requests on and look at nothing: on
uvicorn's event loop alone, and with a blocking call in a thread, as the pond does it, because its services are
blocking code.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import httptools
import orjson
import uvicorn
import uvloop

ROW = [0.1] * 384


class Provider(asyncio.Protocol):
    """One connection; as little work as possible, because a real provider does it elsewhere."""

    seen = 0
    pause = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.path, self.body = "", b""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.path = url.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        body, self.body = self.body, b""
        if not body:
            self.answer(Provider.seen)
            return
        Provider.seen += 1
        asked = orjson.loads(body)
        if "texts" in asked:
            found: Any = {"embeddings": {"float": [ROW] * len(asked["texts"])}}
        else:
            found = {"data": [{"index": i, "embedding": ROW} for i in range(len(asked["input"]))]}
        if self.path == "/slow":
            asyncio.get_running_loop().call_later(Provider.pause, self.answer, found)
        else:
            self.answer(found)

    def answer(self, found: Any) -> None:
        out = orjson.dumps(found)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(out)}\r\n\r\n"
        self.transport.write(head.encode() + out)


async def provide(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", port)
    await server.serve_forever()


class Reader:
    """Reads one answer."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.whole = False
        self.parser = httptools.HttpResponseParser(self)

    def on_body(self, body: bytes) -> None:
        self.parts.append(body)

    def on_message_complete(self) -> None:
        self.whole = True


def request(path: str, port: int, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return f"{head}authorization: Bearer k\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


class Outgoing(asyncio.Protocol):
    """A connection to the provider."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, sent: bytes) -> asyncio.Future[bytes]:
        self.answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.reader = Reader()
        self.transport.write(sent)
        return self.answered

    def data_received(self, data: bytes) -> None:
        self.reader.parser.feed_data(data)
        if self.reader.whole:
            self.answered.set_result(b"".join(self.reader.parts))


Pass = Callable[[str, bytes], Awaitable[bytes]]


def on_the_loop(upstream: int) -> Pass:
    idle: list[Outgoing] = []

    async def pass_on(path: str, body: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        connection = idle.pop() if idle else (await loop.create_connection(Outgoing, "127.0.0.1", upstream))[1]
        answer = await connection.ask(request(path, upstream, body))
        idle.append(connection)
        return answer

    return pass_on


def in_threads(upstream: int) -> Pass:
    idle: list[socket.socket] = []
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def blocking(path: str, body: bytes) -> bytes:
        connection = idle.pop() if idle else socket.create_connection(("127.0.0.1", upstream))
        connection.sendall(request(path, upstream, body))
        reader = Reader()
        while not reader.whole:
            reader.parser.feed_data(connection.recv(65536))
        idle.append(connection)
        return b"".join(reader.parts)

    def work() -> None:
        while True:
            loop, future, path, body = tasks.get()
            loop.call_soon_threadsafe(future.set_result, blocking(path, body))

    async def pass_on(path: str, body: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        tasks.put((loop, future, path, body))
        return await future

    for _ in range(64):
        threading.Thread(target=work, daemon=True).start()
    return pass_on


def application(pass_on: Pass) -> Callable[[Any, Any, Any], Awaitable[None]]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        out = await pass_on(scope["path"], body) if body else b""
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(out)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": out})

    return app


if __name__ == "__main__":
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "provider":
        Provider.pause = float(sys.argv[3])
        uvloop.run(provide(port))
    else:
        passing = {"loop": on_the_loop, "threads": in_threads}[kind](int(sys.argv[3]))
        uvicorn.run(application(passing), port=port, log_level="error", lifespan="off", access_log=False)
