"""The async client's node of a cluster whose `_inference/*` a pond answers; it needs aiohttp (extra `async`)."""

from __future__ import annotations

import asyncio

import aiohttp  # noqa: F401  elastic_transport finds out too late that it is missing
from elastic_transport import AiohttpHttpNode, HttpHeaders
from elastic_transport._models import DEFAULT, DefaultType
from elastic_transport._node import NodeApiResponse

from headpond.node.node import Node
from headpond.node.transport import INFERENCE, ask


class AsyncPondBeside(AiohttpHttpNode):
    """A cluster's node whose `_inference/*` is answered by a pond in process."""

    pond: Node

    async def perform_request(  # type: ignore[override]
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> NodeApiResponse:
        """Answers inference from the pond, everything else from the cluster."""
        if target.startswith(INFERENCE):
            return await asyncio.to_thread(ask, self.pond, self.config, method, target, body, headers)
        return await super().perform_request(method, target, body, headers, request_timeout)

    async def close(self) -> None:  # type: ignore[override]
        """Closes the connections and the pond."""
        await super().close()
        await asyncio.to_thread(self.pond.close)
