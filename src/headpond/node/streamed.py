"""Sending a body over HTTP while it is made."""

from __future__ import annotations

from collections.abc import Iterator

from anyio import CancelScope, CapacityLimiter, create_task_group, to_thread
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from headpond.node.http import ByteStream


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
