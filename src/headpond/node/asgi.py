"""The HTTP door: an ASGI application around a node."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from headpond.errors import RestError
from headpond.node.http import JSON, Request, encode
from headpond.node.node import PRODUCT, Node

# Elasticsearch's default of http.max_content_length.
MAX_BODY_BYTES = 100 * 1024 * 1024
# Those that no route takes too, so that the node refuses them in Elasticsearch's words.
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]


def application(node: Node, *, hosts: Iterable[str] = ()) -> Starlette:
    """An ASGI application that answers with a node.

    Args:
        node: answers the requests; it is not closed with the application.
        hosts: names besides the loopback ones that a `Host` header may hold. A page in a browser whose name was made to
            point at this machine sends its own name there and is refused.
    """
    allowed = {"localhost", "127.0.0.1", "[::1]", *hosts}

    async def answer(http: HttpRequest) -> HttpResponse:
        host = http.headers.get("host", "localhost")
        if host.rpartition(":")[0] not in allowed and host not in allowed:
            return _refuse(RestError(403, "security_exception", f"the host [{host}] is not served here"))
        try:
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
        response = await run_in_threadpool(node.handle, request)
        return HttpResponse(response.body, response.status, response.headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])


def _refuse(error: RestError) -> HttpResponse:
    return HttpResponse(encode(error.body()), error.status, {**PRODUCT, "content-type": JSON})


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
