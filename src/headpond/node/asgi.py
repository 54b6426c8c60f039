"""The HTTP door: an ASGI application around a node."""

from __future__ import annotations

import contextlib
import sys
import zlib
from collections.abc import Iterable
from functools import partial
from urllib.parse import parse_qsl

from anyio import CapacityLimiter
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from headpond.errors import RestError
from headpond.inference.workers import Workers
from headpond.node.awaited import awaited
from headpond.node.callers import MANAGE, MONITOR, Callers
from headpond.node.http import JSON, Request, encode
from headpond.node.node import PRODUCT, Node
from headpond.node.proxy import Passed, Proxy
from headpond.node.security.refusal import CHALLENGES
from headpond.node.streamed import Streamed

# Elasticsearch's default of http.max_content_length.
MAX_BODY_BYTES = 100 * 1024 * 1024
# As many requests are worked on at once; inference waits for providers most of its time.
THREADS = 256


class Application:
    """An ASGI application that answers with a node.

    Args:
        node: answers the requests; it is not closed with the application.
        upstream: a cluster that answers everything but `_inference`; closed with the application.
        hosts: names besides the loopback ones that a `Host` header may hold. A page in a browser whose name was made to
            point at this machine sends its own name there and is refused, unless the node has security.
    """

    def __init__(self, node: Node, *, hosts: Iterable[str] = (), upstream: Proxy | None = None) -> None:
        self._node = node
        self._upstream = upstream
        self._callers = Callers(upstream) if upstream is not None else None
        self._hosts = {"localhost", "127.0.0.1", "[::1]", *hosts}
        self._workers = Workers(THREADS, capacity=sys.maxsize)
        self._limiter = CapacityLimiter(THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or follows the server from its start to its end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            with contextlib.suppress(ClientDisconnect):  # nobody waits for an answer
                response = await self._answer(scope, receive)
                await response(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._workers.close()
        if self._upstream is not None:
            await self._upstream.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive) -> HttpResponse:
        request = _request(scope)
        host = request.headers.get("host", "localhost")
        known = host.rpartition(":")[0] in self._hosts or host in self._hosts
        # With security every name is served: what a page in a browser sends holds no credentials of the pond.
        if not known and self._node.security is None:
            return _refuse(RestError(403, "security_exception", f"the host [{host}] is not served here"))
        if self._node.security is not None:
            # Before the body is read, so that nobody unknown can fill the memory.
            refused = await awaited(self._workers, partial(self._node.refused, request))
            if refused is not None:
                return _challenge(HttpResponse(refused.body, refused.status, refused.headers))
        try:
            if self._upstream is not None and self._callers is not None:
                if _climbs(scope):
                    return _refuse(RestError(400, "illegal_argument_exception", "the path holds [.] or [..]"))
                if not _is_inference(scope):
                    return Passed(self._upstream, HttpRequest(scope, receive))
                privilege = MONITOR if request.method in ("GET", "HEAD", "POST") else MANAGE
                await self._callers.check(request.headers.get("authorization"), privilege)
            body = await _read(request, receive)
        except RestError as error:
            return _refuse(error)
        whole = Request(request.method, request.path, request.query, request.headers, body)
        response = await awaited(self._workers, partial(self._node.handle, whole))
        if response.stream is not None:
            return Streamed(response.stream, response.status, response.headers, self._limiter)
        return HttpResponse(response.body, response.status, response.headers)


def _request(scope: Scope) -> Request:
    """A request without its body; of headers and parameters that come twice, the first header, the last parameter."""
    query: bytes = scope["query_string"]
    return Request(
        scope["method"],
        scope["raw_path"].decode("ascii").partition("?")[0],
        dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {},
        {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])},
    )


def _climbs(scope: Scope) -> bool:
    """Whether a path means another one than it says: the cluster would be asked for that, past the pond."""
    path: str = scope["path"]
    return not {".", ".."}.isdisjoint(path.split("/"))


def _is_inference(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == "/_inference" or path.startswith("/_inference/")


def _refuse(error: RestError) -> HttpResponse:
    return HttpResponse(encode(error.body()), error.status, {**PRODUCT, **error.headers, "content-type": JSON})


def _challenge(response: HttpResponse) -> HttpResponse:
    """The answer to somebody unknown, with one line for each scheme that is taken."""
    del response.headers["www-authenticate"]
    for challenge in CHALLENGES:
        response.headers.append("www-authenticate", challenge)
    return response


def _too_large() -> RestError:
    return RestError(413, "content_too_long_exception", f"entity content is too long for the limit [{MAX_BODY_BYTES}]")


async def _read(request: Request, receive: Receive) -> bytes:
    """The body, decompressed; memory stays below the limit whatever is sent.

    Raises:
        RestError: 413 over the limit, 400 for bytes that are not gzip though the header says so.
        ClientDisconnect: it does not come whole.
    """
    parts: list[bytes] = []
    size = 0
    inflate = zlib.decompressobj(wbits=31) if request.headers.get("content-encoding") == "gzip" else None
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        if inflate is not None:
            try:
                chunk = inflate.decompress(chunk, MAX_BODY_BYTES + 1 - size)
            except zlib.error:
                raise RestError(400, "parse_exception", "the body is not gzip as its content-encoding says") from None
        size += len(chunk)
        if size > MAX_BODY_BYTES or (inflate is not None and inflate.unconsumed_tail):
            raise _too_large()
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)
