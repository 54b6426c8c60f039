"""`hook(client, pipeline)`: a client of the same class whose searches pass through a pipeline's response processors.

Frameworks that are handed such a client get reranked hits without knowing. Everything but `_search` and `_msearch`
goes through untouched, and a search never fails because of a processor: its answer says `degraded` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

    from elastic_transport import AsyncTransport, Transport, TransportApiResponse
    from elasticsearch import AsyncElasticsearch, Elasticsearch

    from headpond.pipeline import Pipeline

    Client = TypeVar("Client", Elasticsearch, AsyncElasticsearch)

# What `client.options()` sets on a client; a hooked one keeps it.
_OPTIONS = ("_headers", "_request_timeout", "_ignore_status", "_max_retries", "_retry_on_timeout", "_retry_on_status")


def hook(client: Client, pipeline: str | Path | Pipeline) -> Client:
    """A client whose `search` and `msearch` answers pass through a pipeline's `response_processors`.

    The original client stays as it is and makes the processors' own calls. Closing either closes both.

    Args:
        client: an `Elasticsearch` or `AsyncElasticsearch`.
        pipeline: a pipeline, its name, or the path of its file.

    Returns:
        A client of the same class; an answer holds `degraded` where a processor could not do its work in time.

    Raises:
        PipelineError: the pipeline's file is wrong.
        UnknownNameError: no pipeline has this name.
    """
    from elasticsearch import AsyncElasticsearch

    transport: Any
    if isinstance(client, AsyncElasticsearch):
        transport = _AsyncHooked(client, pipeline)
    else:
        transport = _Hooked(client, pipeline)
    hooked = type(client)(_transport=transport)
    for name in _OPTIONS:
        setattr(hooked, name, getattr(client, name))
    return hooked


def _bound(pipeline: str | Path | Pipeline, client: Elasticsearch) -> Pipeline:
    from headpond.pipeline import Pipeline
    from headpond.toolkit import load

    if isinstance(pipeline, str | Path):
        return load(pipeline, client=client)
    return Pipeline(pipeline.spec, client)


class _Hooked:
    """A transport that asks for as many hits as the processors want to see, and hands them the answer."""

    def __init__(self, client: Elasticsearch, pipeline: str | Path | Pipeline) -> None:
        self._inner: Transport = client.transport
        self._pipeline = _bound(pipeline, client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def perform_request(self, method: str, target: str, *, body: Any = None, **options: Any) -> TransportApiResponse:
        asked = _Asked.of(target, body)
        if asked is None:
            return self._inner.perform_request(method, target, body=body, **options)
        response = self._inner.perform_request(method, target, body=asked.widened(self._pipeline), **options)
        if response.meta.status != 200:
            return response
        return response._replace(body=asked.processed(self._pipeline, response.body))


class _AsyncHooked:
    """The same for the async client: processors run in a worker thread and call back into the event loop."""

    def __init__(self, client: AsyncElasticsearch, pipeline: str | Path | Pipeline) -> None:
        from elasticsearch import Elasticsearch

        self._inner: AsyncTransport = client.transport
        self._bridge = _Bridge(self._inner)
        self._pipeline = _bound(pipeline, Elasticsearch(_transport=self._bridge))  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def perform_request(
        self, method: str, target: str, *, body: Any = None, **options: Any
    ) -> TransportApiResponse:
        asked = _Asked.of(target, body)
        if asked is None:
            return await self._inner.perform_request(method, target, body=body, **options)
        response = await self._inner.perform_request(method, target, body=asked.widened(self._pipeline), **options)
        if response.meta.status != 200:
            return response
        import asyncio

        self._bridge.loop = asyncio.get_running_loop()
        answer = await asyncio.to_thread(asked.processed, self._pipeline, response.body)
        return response._replace(body=answer)


class _Bridge:
    """An async transport as a worker thread sees it: calls run on the event loop, the thread waits for them."""

    loop: asyncio.AbstractEventLoop

    def __init__(self, inner: AsyncTransport) -> None:
        self._inner = inner

    def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
        call = self._inner.perform_request(method, target, **options)
        import asyncio

        return asyncio.run_coroutine_threadsafe(call, self.loop).result()


@dataclass(frozen=True, slots=True)
class _Asked:
    """The searches of one request.

    Attributes:
        headers: the header lines of an `_msearch`; None for a `_search`.
        bodies: what was asked.
    """

    headers: list[Any] | None
    bodies: list[dict[str, Any]]

    @classmethod
    def of(cls, target: str, body: Any) -> _Asked | None:
        """The searches in a request, None when it is another kind of request."""
        last = target.partition("?")[0].rpartition("/")[2]
        if last == "_search":
            return cls(None, [_parsed(body) if body else {}])
        if last == "_msearch" and isinstance(body, list | tuple):
            return cls(list(body[::2]), [_parsed(line) for line in body[1::2]])
        return None

    def widened(self, pipeline: Pipeline) -> Any:
        """The body to send."""
        bodies = [pipeline.widened(body) for body in self.bodies]
        if self.headers is None:
            return bodies[0]
        return [line for pair in zip(self.headers, bodies, strict=True) for line in pair]

    def processed(self, pipeline: Pipeline, answer: Any) -> Any:
        """The answer after the processors; an `_msearch`'s failed searches stay as they are."""
        if self.headers is None:
            return pipeline.process(self.bodies[0], answer, wide=True)
        pairs = zip(self.bodies, answer["responses"], strict=True)
        done = [pipeline.process(body, one, wide=True) if "hits" in one else one for body, one in pairs]
        return {**answer, "responses": done}


def _parsed(line: Any) -> dict[str, Any]:
    """A body as an object; callers may have serialised it already."""
    import orjson

    parsed: dict[str, Any] = orjson.loads(line) if isinstance(line, str | bytes) else line
    return parsed
