"""`headpond serve --hook`: searches of any client, in any language, pass through pipelines.

An ASGI application around the pond's own, in front of a cluster or not. The searches that a pipeline makes of one go
through the same application with the caller's own headers: the caller sees what they may see, whoever serves. Inference
is the pond's, asked in process.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import time
import zlib
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

from elastic_transport import TransportApiResponse
from elasticsearch import Elasticsearch

from headpond import exact_json
from headpond.hooked.bridge import Bridge, Threads
from headpond.hooked.front import App, Front, Headers, Message, Raw, Receive, Send, accepts_gzip, through
from headpond.hooked.handler import Handler, Work
from headpond.hooked.hooks import Hook
from headpond.hooked.one import failure
from headpond.hooked.pond import own_client
from headpond.node.asgi import MAX_BODY_BYTES
from headpond.node.http import JSON, VENDOR_JSON, encode
from headpond.node.node import PRODUCT, Node
from headpond.pipeline.endpoints import apply
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.spec import PipelineSpec

log = logging.getLogger("headpond.hooked")

REMEMBERED_SECONDS = 60.0
MOST_REMEMBERED = 10_000
_WHO = (b"authorization", b"es-client-authentication", b"es-secondary-authorization", b"host")
_FRAMING = (b"content-length", b"content-encoding", b"transfer-encoding")
_COMPRESSION = 3  # Elasticsearch's http.compression_level

Scope = MutableMapping[str, Any]


def wrapper(pipelines: Sequence[tuple[PipelineSpec, tuple[str, ...]]]) -> Callable[[App, Node], App]:
    """What puts an application before a pond's.

    Args:
        pipelines: each with the indices that it is for, none for all; the first that is for a search's index has it.

    Returns:
        A function of the pond's application and the pond. It makes the pipelines' endpoints that the pond has not.
    """

    def wrap(app: App, node: Node) -> App:
        inference = own_client(node)
        for spec, _ in pipelines:
            apply(inference, spec)
        handler = Handler([Hook(Searcher(spec, inference), indices) for spec, indices in pipelines])
        return HookedApplication(app, handler, inference)

    return wrap


class HookedApplication:
    """An ASGI application whose searches pass through pipelines.

    Args:
        app: answers everything else, and the searches that pipelines make.
        handler: knows the pipelines.
        inference: of the pond.
    """

    def __init__(self, app: App, handler: Handler, inference: Elasticsearch) -> None:
        self._app = app
        self._handler = handler
        self._inference = inference
        self._threads = Threads()
        self._known: dict[bytes, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or follows the server from its start to its end."""
        if scope["type"] != "http" or not _may_search(scope):
            await self._app(scope, receive, send)
            if scope["type"] == "lifespan":
                self._threads.close()
            return
        messages, body = await _read(receive, scope["headers"])
        work = None
        if body is not None:
            target = scope["raw_path"].decode("ascii").partition("?")[0]
            if scope["query_string"]:
                target += "?" + scope["query_string"].decode("ascii")
            work = self._handler.take(scope["method"], target, body)
        if work is None:
            await self._app(scope, _again(messages, receive), send)
            return
        refused = await self._refusal(scope)
        if refused is not None:
            await _send(send, refused)
            return
        answer = await _unless_gone(self._done(scope, work), receive)
        if answer is not None:
            await _send(send, answer)

    async def _refusal(self, scope: Scope) -> Raw | None:
        """The answer to a caller whom the target does not know: nothing may be spent on their behalf."""
        who = hashlib.sha256()
        for name, value in scope["headers"]:
            if name in _WHO:
                who.update(name + b":" + value + b"\n")
        key, now = who.digest(), time.monotonic()
        if self._known.get(key, 0.0) > now:
            return None
        own = (*_FRAMING, b"content-type", b"accept-encoding")
        headers = [(name, value) for name, value in scope["headers"] if name not in own]
        answer = await through(self._app, scope, "GET", "/_security/_authenticate", headers, b"")
        if answer.status in (401, 403, 502):
            return answer
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = now + REMEMBERED_SECONDS
        return None

    async def _done(self, scope: Scope, work: Work) -> Raw:
        fronts: list[Front] = []

        def run(bridge: Bridge) -> TransportApiResponse:
            front = Front(self._app, scope, bridge, self._inference)
            fronts.append(front)
            client = Elasticsearch(_transport=front)  # type: ignore[arg-type]  # it is used like a transport
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            return work.run(client, front, headers, {})

        try:
            response = await self._threads.run(run)
        except Exception as error:
            log.exception("%s %s failed", scope["method"], scope["path"])
            answer = failure(500, "internal_server_error", f"{type(error).__name__}: {error}")
            return Raw(500, _headers(scope, []), encode(answer))
        raw = next((raw for meta, raw in fronts[0].answers if meta is response.meta), None)
        if raw is not None and raw.status == response.meta.status != 200:
            return raw
        # The last answer has the headers; a search of legs has none of its own.
        last = raw or (fronts[0].answers[-1][1] if fronts[0].answers else None)
        headers = _headers(scope, last.headers if last is not None else [])
        body = encode(response.body, pretty=True) if _pretty(scope) else exact_json.dumps(response.body)
        if last is not None and last.compressed and accepts_gzip(scope["headers"]):
            body = gzip.compress(body, _COMPRESSION)
            headers.append((b"content-encoding", b"gzip"))
        return Raw(response.meta.status, headers, body)


def _may_search(scope: Scope) -> bool:
    """Whether a request may be a search in JSON; a look at its path and headers."""
    path: str = scope["path"]
    if scope["method"] not in ("GET", "POST", "DELETE") or "search" not in path:
        return False
    given = dict(scope["headers"])
    accept, kind = given.get(b"accept", b"*/*").lower(), given.get(b"content-type", b"json").lower()
    readable = b"json" in accept or b"*/*" in accept or b"application/*" in accept
    query: bytes = scope["query_string"]
    return readable and b"json" in kind and (b"format=" not in query or b"format=json" in query)


async def _read(receive: Receive, headers: Headers) -> tuple[list[Message], bytes | None]:
    """The messages of a request and its body; None where the application behind says best what is wrong with it."""
    messages: list[Message] = []
    size = 0
    while size <= MAX_BODY_BYTES:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request":
            return messages, None
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            break
    else:
        return messages, None
    body = b"".join(message.get("body", b"") for message in messages)
    encoding = dict(headers).get(b"content-encoding", b"identity").lower()
    if encoding == b"identity" or not body:
        return messages, body
    if encoding != b"gzip":
        return messages, None
    inflate = zlib.decompressobj(wbits=31)
    try:
        body = inflate.decompress(body, MAX_BODY_BYTES)
    except zlib.error:
        return messages, None
    return messages, None if inflate.unconsumed_tail else body


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Gives what was read once more, then what comes."""
    waiting = iter(messages)

    async def again() -> Message:
        message = next(waiting, None)
        return message if message is not None else await receive()

    return again


async def _unless_gone(work: Any, receive: Receive) -> Raw | None:
    """What the work gives; None when the client went away, and then the work is given up."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(send: Send, answer: Raw) -> None:
    headers = [(name, value) for name, value in answer.headers if name not in (b"content-length", b"transfer-encoding")]
    headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _headers(scope: Scope, given: Headers) -> Headers:
    """The headers of an answer that was made here."""
    if given:
        return [(name, value) for name, value in given if name not in _FRAMING]
    accept = dict(scope["headers"]).get(b"accept", b"")
    kind = VENDOR_JSON if b"vnd.elasticsearch+json" in accept else JSON
    own = {**PRODUCT, "content-type": kind}
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in own.items()]


def _pretty(scope: Scope) -> bool:
    return any(part in (b"pretty", b"pretty=", b"pretty=true") for part in scope["query_string"].split(b"&"))
