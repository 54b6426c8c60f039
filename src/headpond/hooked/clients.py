"""The transports of hooked clients: what searches passes through a handler, everything else goes straight on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from elasticsearch import Elasticsearch

from headpond.hooked.bridge import Bridge, Threads
from headpond.hooked.handler import Handler

if TYPE_CHECKING:
    from elastic_transport import AsyncTransport, Transport, TransportApiResponse


class HookedTransport:
    """A transport whose searches pass through pipelines.

    Args:
        client: the client that was hooked; looks up what searches have to know.
        handler: knows the pipelines.
    """

    def __init__(self, client: Elasticsearch, handler: Handler) -> None:
        self._client = client
        self._inner: Transport = client.transport
        self._handler = handler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def perform_request(
        self, method: str, target: str, *, body: Any = None, headers: Any = None, **options: Any
    ) -> TransportApiResponse:
        """Answers one request."""
        work = self._handler.take(method, target, body)
        if work is None:
            return self._inner.perform_request(method, target, body=body, headers=headers, **options)
        return work.run(self._client, self._inner, headers or {}, options)


class AsyncHookedTransport:
    """The same for an async client: a pipeline's work is done in a thread that calls back into the event loop.

    Args:
        transport: of the client that was hooked.
        client: looks up what searches have to know, over `bridged`.
        bridged: the same transport for threads.
        handler: knows the pipelines.
    """

    def __init__(
        self, transport: AsyncTransport, client: Elasticsearch, bridged: LoopTransport, handler: Handler
    ) -> None:
        self._inner = transport
        self._client = client
        self._own = bridged
        self._handler = handler
        self._threads = Threads()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def perform_request(
        self, method: str, target: str, *, body: Any = None, headers: Any = None, **options: Any
    ) -> TransportApiResponse:
        """Answers one request."""
        work = self._handler.take(method, target, body)
        if work is None:
            return await self._inner.perform_request(method, target, body=body, headers=headers, **options)
        self._own.bridge = Bridge(asyncio.get_running_loop())

        def run(bridge: Bridge) -> TransportApiResponse:
            return work.run(self._client, LoopTransport(self._inner, bridge), headers or {}, options)

        return await self._threads.run(run)

    async def close(self) -> None:
        """Closes the client's connections, too."""
        self._threads.close()
        await self._inner.close()


class LoopTransport:
    """An async transport as a thread sees it.

    Args:
        inner: the transport.
        bridge: to its event loop; None until there is one.
    """

    def __init__(self, inner: AsyncTransport, bridge: Bridge | None = None) -> None:
        self._inner = inner
        self.bridge = bridge

    def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
        """Has the event loop send a request, and waits for the answer."""
        if self.bridge is None:
            raise RuntimeError("no search has come yet, so there is no event loop to ask")
        return self.bridge.call(self._inner.perform_request(method, target, **options))
