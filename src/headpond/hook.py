"""`hook(client, pipeline)`: a client of the same class whose searches pass through a pipeline's response processors.

Frameworks that are handed such a client get reranked hits without knowing. Everything but `_search` and `_msearch`
goes through untouched, and a search never fails because of a processor: its answer says `degraded` instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from elastic_transport import AsyncTransport, Transport, TransportApiResponse
    from elasticsearch import AsyncElasticsearch, Elasticsearch

    from headpond.pipeline import Pipeline

    Client = TypeVar("Client", Elasticsearch, AsyncElasticsearch)

Answer = dict[str, Any]
Process = Callable[[Any, Answer], Answer]

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


def _processor(pipeline: str | Path | Pipeline, client: Elasticsearch) -> Process:
    from headpond.pipeline import Pipeline
    from headpond.toolkit import load

    bound = load(pipeline, client=client) if isinstance(pipeline, str | Path) else Pipeline(pipeline.spec, client)
    return bound.process


class _Hooked:
    """A transport that hands search answers to the processors on their way back."""

    def __init__(self, client: Elasticsearch, pipeline: str | Path | Pipeline) -> None:
        self._inner: Transport = client.transport
        self._process = _processor(pipeline, client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def perform_request(self, method: str, target: str, *, body: Any = None, **options: Any) -> TransportApiResponse:
        response = self._inner.perform_request(method, target, body=body, **options)
        kind = _kind(target)
        if kind is None or response.meta.status != 200:
            return response
        return response._replace(body=_processed(kind, body, response.body, self._process))


class _AsyncHooked:
    """The same for the async client: processors run in a worker thread and call back into the event loop."""

    def __init__(self, client: AsyncElasticsearch, pipeline: str | Path | Pipeline) -> None:
        from elasticsearch import Elasticsearch

        self._inner: AsyncTransport = client.transport
        self._bridge = _Bridge(self._inner)
        self._process = _processor(pipeline, Elasticsearch(_transport=self._bridge))  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def perform_request(
        self, method: str, target: str, *, body: Any = None, **options: Any
    ) -> TransportApiResponse:
        response = await self._inner.perform_request(method, target, body=body, **options)
        kind = _kind(target)
        if kind is None or response.meta.status != 200:
            return response
        self._bridge.loop = asyncio.get_running_loop()
        answer = await asyncio.to_thread(_processed, kind, body, response.body, self._process)
        return response._replace(body=answer)


class _Bridge:
    """An async transport as a worker thread sees it: calls run on the event loop, the thread waits for them."""

    loop: asyncio.AbstractEventLoop

    def __init__(self, inner: AsyncTransport) -> None:
        self._inner = inner

    def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
        call = self._inner.perform_request(method, target, **options)
        return asyncio.run_coroutine_threadsafe(call, self.loop).result()


def _kind(target: str) -> str | None:
    last = target.partition("?")[0].rpartition("/")[2]
    return last if last in ("_search", "_msearch") else None


def _processed(kind: str, body: Any, answer: Any, process: Process) -> Any:
    if kind == "_search":
        return process(body or {}, answer)
    pairs = zip(_msearch_bodies(body), answer["responses"], strict=True)
    answer["responses"] = [process(asked, one) if "hits" in one else one for asked, one in pairs]
    return answer


def _msearch_bodies(lines: Sequence[Any]) -> Iterator[Any]:
    """Every second line of an `_msearch` body is a search; callers may have serialised it already."""
    import orjson

    for line in lines[1::2]:
        yield orjson.loads(line) if isinstance(line, str | bytes) else line
