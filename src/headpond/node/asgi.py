"""The HTTP door: an ASGI application around a node."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

from anyio import CancelScope, CapacityLimiter, create_task_group, to_thread
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from headpond.errors import RestError
from headpond.node.callers import MANAGE, MONITOR, Callers
from headpond.node.http import JSON, ByteStream, Request, encode
from headpond.node.node import PRODUCT, Node
from headpond.node.proxy import Passed, Proxy

# Elasticsearch's default of http.max_content_length.
MAX_BODY_BYTES = 100 * 1024 * 1024
# As many requests are worked on at once; inference waits for providers most of its time.
THREADS = 256
# Those that no route takes too, so that the node refuses them in Elasticsearch's words.
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]


def application(node: Node, *, hosts: Iterable[str] = (), upstream: Proxy | None = None) -> Starlette:
    """An ASGI application that answers with a node.

    Args:
        node: answers the requests; it is not closed with the application.
        upstream: a cluster that answers everything but `_inference`; closed with the application.
        hosts: names besides the loopback ones that a `Host` header may hold. A page in a browser whose name was made to
            point at this machine sends its own name there and is refused.
    """
    threads = CapacityLimiter(THREADS)
    callers = Callers(upstream) if upstream is not None else None
    allowed = {"localhost", "127.0.0.1", "[::1]", *hosts}

    async def answer(http: HttpRequest) -> HttpResponse:
        host = http.headers.get("host", "localhost")
        if host.rpartition(":")[0] not in allowed and host not in allowed:
            return _refuse(RestError(403, "security_exception", f"the host [{host}] is not served here"))
        try:
            if callers is not None and upstream is not None:
                if not _is_inference(http):
                    return Passed(upstream, http)
                privilege = MONITOR if http.method in ("GET", "HEAD", "POST") else MANAGE
                await callers.check(http.headers.get("authorization"), privilege)
            body = await _read(http)
        except RestError as error:
            return _refuse(error)
        request = Request(
            http.method,
            http.scope["raw_path"].decode("ascii").partition("?")[0],
            dict(http.query_params),
            dict(http.headers),
            body,
        )
        response = await to_thread.run_sync(node.handle, request, limiter=threads)
        if response.stream is not None:
            return Streamed(response.stream, response.status, response.headers, threads)
        return HttpResponse(response.body, response.status, response.headers)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        if upstream is not None:
            await upstream.close()

    return Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)], lifespan=lifespan)


class Streamed(HttpResponse):
    """A body that is sent while it is made, and whose making ends when the client has gone.

    Args:
        stream: the body.
        status: of HTTP.
        headers: of the response.
        threads: how many threads may wait for something at once.
    """

    def __init__(self, stream: ByteStream, status: int, headers: dict[str, str], threads: CapacityLimiter) -> None:
        super().__init__(None, status, headers)
        del self.raw_headers[[name for name, _ in self.raw_headers].index(b"content-length")]
        self._stream = stream
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the parts until the end, or until the client closes its connection."""
        try:
            async with create_task_group() as both:
                both.start_soon(self._watch, receive, both.cancel_scope)
                await self._send(send)
                both.cancel_scope.cancel()
        finally:
            # Not awaited: a thread that still waits for the next part is woken by it.
            self._stream.close()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        parts = iter(self._stream)
        while (part := await self._next(parts)) is not None:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, parts: Iterator[bytes]) -> bytes | None:
        return await to_thread.run_sync(next, parts, None, abandon_on_cancel=True, limiter=self._threads)

    @staticmethod
    async def _watch(receive: Receive, scope: CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()


def _is_inference(http: HttpRequest) -> bool:
    path: str = http.scope["path"]
    return path == "/_inference" or path.startswith("/_inference/")


def _refuse(error: RestError) -> HttpResponse:
    return HttpResponse(encode(error.body()), error.status, {**PRODUCT, **error.headers, "content-type": JSON})


def _too_large() -> RestError:
    return RestError(413, "content_too_long_exception", f"entity content is too long for the limit [{MAX_BODY_BYTES}]")


async def _read(http: HttpRequest) -> bytes:
    """The body, decompressed; memory stays below the limit whatever is sent.

    Raises:
        RestError: 413 over the limit, 400 for bytes that are not gzip though the header says so.
    """
    parts: list[bytes] = []
    size = 0
    inflate = zlib.decompressobj(wbits=31) if http.headers.get("content-encoding") == "gzip" else None
    async for chunk in http.stream():
        if inflate is not None:
            try:
                chunk = inflate.decompress(chunk, MAX_BODY_BYTES + 1 - size)
            except zlib.error:
                raise RestError(400, "parse_exception", "the body is not gzip as its content-encoding says") from None
        size += len(chunk)
        if size > MAX_BODY_BYTES or (inflate is not None and inflate.unconsumed_tail):
            raise _too_large()
        parts.append(chunk)
    return b"".join(parts)
