"""The in-process door: node classes for the official client, sync and async, that call the pond instead of a socket."""

from __future__ import annotations

import asyncio
import time
import zlib
from typing import Any
from urllib.parse import parse_qsl

from elastic_transport import (
    ApiResponseMeta,
    BaseAsyncNode,
    BaseNode,
    HttpHeaders,
    NodeConfig,
    Urllib3HttpNode,
)
from elastic_transport._models import DEFAULT, DefaultType
from elastic_transport._node import NodeApiResponse

from headpond.node.http import ByteStream, Request, Response
from headpond.node.node import Node
from headpond.overheard import joined

INFERENCE = "/_inference"


def ask(
    pond: Node,
    config: NodeConfig,
    method: str,
    target: str,
    body: bytes | None,
    headers: HttpHeaders | None,
    *,
    own: bool = False,
) -> NodeApiResponse:
    """What the pond answers to what elastic_transport sends; `own` as in `Node.handle`."""
    started = time.monotonic()
    return to_api_response(config, pond.handle(to_request(method, target, body, headers), own=own), started)


def to_request(method: str, target: str, body: bytes | None, headers: HttpHeaders | None) -> Request:
    """What elastic_transport sends, as the node reads it."""
    path, _, query = target.partition("?")
    names = {name.lower(): value for name, value in headers.items()} if headers else {}
    content = body or b""
    if content and names.get("content-encoding") == "gzip":
        content = zlib.decompress(content, wbits=31)
    return Request(method, path, dict(parse_qsl(query, keep_blank_values=True)) if query else {}, names, content)


def to_api_response(node: NodeConfig, response: Response, started: float) -> NodeApiResponse:
    """The node's answer, as elastic_transport hands it to the client."""
    meta = ApiResponseMeta(
        node=node,
        duration=time.monotonic() - started,
        http_version="1.1",
        status=response.status,
        headers=HttpHeaders(response.headers),
    )
    return NodeApiResponse(meta, response.body if response.stream is None else _whole(response.stream))


def _whole(stream: ByteStream) -> bytes:
    try:
        return joined(stream)
    finally:
        stream.close()


class PondNode(BaseNode):
    """Calls `pond.handle` in the caller's thread. Subclass it with `pond` set; see `node_classes`."""

    pond: Node

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """Answers from the pond; a body compressed by the client is decompressed first."""
        return ask(self.pond, self.config, method, target, body, headers)

    def close(self) -> None:
        """Closes the pond with its client."""
        self.pond.close()


class AsyncPondNode(BaseAsyncNode):
    """Calls `pond.handle` in a worker thread, so that the event loop stays free."""

    pond: Node

    async def perform_request(  # type: ignore[override]
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """Answers from the pond."""
        return await asyncio.to_thread(ask, self.pond, self.config, method, target, body, headers)

    async def close(self) -> None:  # type: ignore[override]
        """Closes the pond with its client."""
        await asyncio.to_thread(self.pond.close)


class PondBeside(Urllib3HttpNode):
    """A cluster's node whose `_inference/*` is answered by a pond in process."""

    pond: Node

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """Answers inference from the pond, everything else from the cluster."""
        if target.startswith(INFERENCE):
            return ask(self.pond, self.config, method, target, body, headers)
        return super().perform_request(method, target, body, headers, request_timeout)

    def close(self) -> None:
        """Closes the connections and the pond."""
        super().close()
        self.pond.close()


def node_class(pond: Node, base: type[Any] = PondNode) -> type[Any]:
    """A node class bound to one pond, as the client's `node_class` argument wants it."""
    return type(base.__name__, (base,), {"pond": pond})
