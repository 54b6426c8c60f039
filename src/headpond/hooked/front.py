"""The target as a hooked application's searches see it: the application behind it, asked in the caller's name."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig, TransportApiResponse
from elasticsearch import Elasticsearch

from headpond import exact_json
from headpond.hooked.bridge import Bridge
from headpond.node.http import JSON, encode
from headpond.node.transport import INFERENCE

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_CONFIG = NodeConfig("http", "localhost", 9200)
_OF_THE_BODY = (b"accept-encoding", b"content-encoding", b"content-length", b"content-type", b"transfer-encoding")


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came.

    Attributes:
        status: of HTTP.
        headers: names in lower case.
        body: as it was sent, compressed or not.
    """

    status: int
    headers: Headers
    body: bytes

    @property
    def compressed(self) -> bool:
        """Whether the body is gzip."""
        return (b"content-encoding", b"gzip") in self.headers


async def through(
    app: App, scope: MutableMapping[str, Any], method: str, target: str, headers: Headers, body: bytes
) -> Raw:
    """Sends a request through an ASGI application and collects its answer.

    Args:
        app: answers.
        scope: of the request that this one belongs to.
        method: of HTTP.
        target: path and parameters.
        headers: names in lower case.
        body: of the request.
    """
    path, _, query = target.partition("?")
    inner = {
        **scope,
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "headers": headers,
    }
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    started: Message = {}
    parts: list[bytes] = []

    async def receive() -> Message:
        if messages:
            return messages.pop()
        gone: Message = await asyncio.get_running_loop().create_future()  # never: who goes away cancels all of this
        return gone

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(inner, receive, send)
    return Raw(started["status"], [(name.lower(), value) for name, value in started["headers"]], b"".join(parts))


class Front:
    """A transport for one request's searches: its caller's credentials, the pond's inference.

    Args:
        app: answers everything but inference.
        scope: of the request.
        bridge: to the event loop that the application runs on.
        inference: of the pond, see `headpond.hooked.pond`.

    Attributes:
        answers: what came back, by the identity of the `meta` it was given.
    """

    def __init__(self, app: App, scope: MutableMapping[str, Any], bridge: Bridge, inference: Elasticsearch) -> None:
        self._app = app
        self._scope = scope
        self._bridge = bridge
        self._inference = inference
        self._headers = [(name, value) for name, value in scope["headers"] if name not in _OF_THE_BODY]
        if accepts_gzip(scope["headers"]):
            self._headers.append((b"accept-encoding", b"gzip"))
        self.answers: list[tuple[ApiResponseMeta, Raw]] = []

    def perform_request(
        self, method: str, target: str, *, body: Any = None, headers: Any = None, **options: Any
    ) -> TransportApiResponse:
        """Sends a request in the caller's name and waits for the answer, in a worker thread."""
        if target.startswith(INFERENCE):
            transport = self._inference.transport
            return transport.perform_request(method, target, body=body, headers=headers, **options)
        sent = list(self._headers)
        content = b""
        if body is not None:
            content = b"".join(_line(line) + b"\n" for line in body) if isinstance(body, list) else _line(body)
            kind = HttpHeaders(headers or {}).get("content-type") or JSON
            sent += [(b"content-type", kind.encode("latin-1")), (b"content-length", b"%d" % len(content))]
        asked = through(self._app, self._scope, method, target, sent, content)
        seconds = options.get("request_timeout")
        try:
            raw = self._bridge.call(asked, seconds if isinstance(seconds, int | float) else None)
        except TimeoutError as error:
            raise ConnectionTimeout(f"no answer within {seconds:.3g} s", errors=(error,)) from None
        names = HttpHeaders({name.decode("latin-1"): value.decode("latin-1") for name, value in raw.headers})
        meta = ApiResponseMeta(raw.status, "1.1", names, 0.0, _CONFIG)
        self.answers.append((meta, raw))
        return TransportApiResponse(meta, _parsed(raw))


def accepts_gzip(headers: Headers) -> bool:
    """Whether a caller reads compressed answers."""
    given = b",".join(value for name, value in headers if name == b"accept-encoding").lower()
    for item in given.split(b","):
        name, _, weight = item.partition(b";")
        if name.strip() in (b"gzip", b"*"):
            return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0")
    return False


def _line(value: Any) -> bytes:
    try:
        return exact_json.dumps(value)
    except orjson.JSONEncodeError:
        return encode(value)  # nested deeper than orjson writes


def _parsed(raw: Raw) -> Any:
    body = zlib.decompress(raw.body, wbits=31) if raw.compressed else raw.body
    try:
        return exact_json.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")
