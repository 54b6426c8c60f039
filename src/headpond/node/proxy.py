"""Passing requests on to a cluster: what it is asked and what it answers goes through as it is, while it comes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit

import httpx
from anyio import CancelScope, Event, create_task_group
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from headpond.errors import RestError
from headpond.node.http import JSON, encode

log = logging.getLogger("headpond.node")

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers that concern one connection only (RFC 9110, 7.6.1)."""

CONNECT_SECONDS = 10.0


class Proxy:
    """A cluster behind the pond.

    Args:
        url: of the cluster, without user name and password.
        verify: whether its certificate is checked: True, or the path of the authorities' certificates.
    """

    def __init__(self, url: str, *, verify: bool | str = True) -> None:
        self.url = url.rstrip("/")
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=256)
        # The environment's proxies are for the world outside, not for one's own cluster.
        self.client = httpx.AsyncClient(
            verify=verify, timeout=timeout, limits=limits, trust_env=False, follow_redirects=False
        )

    def request(self, http: HttpRequest, body: AsyncIterator[bytes]) -> httpx.Request:
        """The request as the cluster gets it.

        Args:
            http: as it came.
            body: its body; not read where there is none.
        """
        raw_path = http.scope["raw_path"].partition(b"?")[0].decode("ascii")
        query = http.scope["query_string"].decode("ascii")
        # A request without a body must not become a chunked one.
        has_body = "content-length" in http.headers or "transfer-encoding" in http.headers
        host = urlsplit(self.url).netloc.encode("ascii")
        return self.client.build_request(
            http.method,
            f"{self.url}{raw_path}" + (f"?{query}" if query else ""),
            headers=[*_end_to_end(http.headers.raw, without={b"host"}), (b"host", host)],
            content=body if has_body else None,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self.client.aclose()


class Passed(HttpResponse):
    """The cluster's answer to a request, sent on part by part, compressed or not as it came; 502 when there is none.

    The cluster's work is given up when the client has gone.

    Args:
        proxy: the cluster.
        http: the request; its body is not read yet.
    """

    def __init__(self, proxy: Proxy, http: HttpRequest) -> None:
        super().__init__()
        self._proxy = proxy
        self._http = http
        self._sent = Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Asks the cluster and sends what it answers."""
        async with create_task_group() as both:
            both.start_soon(self._watch, receive, both.cancel_scope)
            await self._pass_on(scope, receive, send)
            both.cancel_scope.cancel()

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._proxy.client.send(self._proxy.request(self._http, self._body()), stream=True)
        except httpx.HTTPError as error:
            await _unreachable(self._proxy.url, error)(scope, receive, send)
            return
        headers = [(name.lower(), value) for name, value in _end_to_end(answer.headers.raw)]
        try:
            await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except httpx.HTTPError as error:
            # Too late for a status; the server breaks off an answer without an end, as the cluster did.
            log.warning("the cluster's answer broke off: %s", str(error) or type(error).__name__)
        finally:
            with CancelScope(shield=True):
                await answer.aclose()

    async def _body(self) -> AsyncIterator[bytes]:
        async for part in self._http.stream():
            yield part
        self._sent.set()

    async def _watch(self, receive: Receive, scope: CancelScope) -> None:
        if "content-length" in self._http.headers or "transfer-encoding" in self._http.headers:
            await self._sent.wait()
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()


def _end_to_end(
    headers: Iterable[tuple[bytes, bytes]], without: frozenset[bytes] | set[bytes] = frozenset()
) -> list[tuple[bytes, bytes]]:
    """Headers that are meant for the other end."""
    pairs = list(headers)
    named = {name.strip().lower() for key, value in pairs if key.lower() == b"connection" for name in value.split(b",")}
    return [(key, value) for key, value in pairs if key.lower() not in HOP_BY_HOP | named | without]


def _unreachable(url: str, error: httpx.HTTPError) -> HttpResponse:
    reason = f"the cluster at [{url}] did not answer: {str(error) or type(error).__name__}"
    body = RestError(502, "connect_exception", reason).body()
    return HttpResponse(encode(body), 502, {"content-type": JSON})
