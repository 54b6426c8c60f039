"""`hook(client, pipeline)`: a client of the same class whose searches pass through a pipeline.

Frameworks that are handed such a client get hybrid and reranked hits without knowing. `search`, `msearch` and
`async_search` pass through the pipeline's request processors, its retrieval (texts are embedded, compound retrievers
computed here, on any licence) and its response processors. Everything else goes through untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from headpond.errors import InputError

if TYPE_CHECKING:
    from elasticsearch import AsyncElasticsearch, Elasticsearch

    from headpond.pipeline import Pipeline
    from headpond.pipeline.spec import PipelineSpec

    Client = TypeVar("Client", Elasticsearch, AsyncElasticsearch)

Stage = Mapping[str, Any] | Callable[..., Any]


def hook(
    client: Client,
    pipeline: str | Path | Mapping[str, Any] | Pipeline | None = None,
    *,
    stages: Sequence[Stage] = (),
    index: str | Sequence[str] | None = None,
) -> Client:
    """A client whose searches pass through a pipeline.

    The original client stays as it is and makes the pipeline's own calls (inference, mappings). Closing either closes
    both. A search never fails because of a processor: its answer holds `degraded` instead. What the target refuses is
    raised as the client always raises it.

    A search is left as it is when its body says `ext: {headpond: false}`, when it scrolls, and when the pipeline has
    nothing to do for it. Hits that are sorted by something else than `_score`, and pages after the first that
    `search_after` asks for, keep their order.

    Args:
        client: an `Elasticsearch` or `AsyncElasticsearch`, or a subclass.
        pipeline: a pipeline, its name, the path of its file, or a mapping in the shape of a file.
        stages: further response processors: mappings as in a file (`{"rerank": {...}}`), or functions that are given
            the list of hits, or hits and the text of the query, and give hits back.
        index: the index or alias that it is for, or several, with `*`; others are left alone. None takes the file's
            `index.name`; where it has none every search passes through.

    Returns:
        A client of the same class.

    Raises:
        PipelineError: the pipeline is wrong.
        UnknownNameError: no pipeline has this name.
        InputError: a stage cannot be called, or there is neither a pipeline nor a stage.
    """
    from elasticsearch import AsyncElasticsearch, Elasticsearch

    from headpond.hooked.clients import AsyncHookedTransport, HookedTransport, LoopTransport
    from headpond.hooked.handler import Handler
    from headpond.hooked.hooks import Hook
    from headpond.pipeline.query.searcher import Searcher

    spec = specification(pipeline, stages)
    indices = names(spec, index)
    transport: Any
    if isinstance(client, AsyncElasticsearch):
        bridged = LoopTransport(client.transport)
        asking = Elasticsearch(_transport=bridged)  # type: ignore[arg-type]  # it is used like a transport
        asking._headers = client._headers
        handler = Handler([Hook(Searcher(spec, asking), indices)])
        transport = AsyncHookedTransport(client.transport, asking, bridged, handler)
    else:
        transport = HookedTransport(client, Handler([Hook(Searcher(spec, client), indices)]))
    return _like(client, transport)


def specification(
    pipeline: str | Path | Mapping[str, Any] | Pipeline | None, stages: Sequence[Stage] = ()
) -> PipelineSpec:
    """The pipeline that is meant; raises as `hook`."""
    from headpond.hooked.function import FunctionStage
    from headpond.pipeline.load import from_dict, load

    if pipeline is None and not stages:
        raise InputError("there is nothing to hook", hint="give a pipeline, or stages=[...]")
    if pipeline is None or isinstance(pipeline, Mapping):
        spec = from_dict(pipeline or {}, name="hook")
    elif isinstance(pipeline, str | Path):
        spec = load(pipeline)
    else:
        spec = pipeline.spec
    own = list(spec.response_processors)
    for place, stage in enumerate(stages):
        if isinstance(stage, Mapping):
            own += from_dict({"response_processors": [stage]}, name=f"stages[{place}]").response_processors
        elif callable(stage):
            own.append(FunctionStage(stage, f"stages[{place}].{getattr(stage, '__name__', 'function')}"))
        else:
            raise InputError(f"stages[{place}] is no stage: {stage!r}", hint="a mapping as in a file, or a function")
    return replace(spec, response_processors=tuple(own))


def names(spec: PipelineSpec, index: str | Sequence[str] | None) -> tuple[str, ...]:
    """The indices that a hook is for; none for all."""
    if index is None:
        index = spec.file.index.name or ()
    return tuple(name for item in ([index] if isinstance(index, str) else index) for name in item.split(","))


def _like(client: Client, transport: Any) -> Client:
    """A client of the same class with the same options and another transport."""
    from elasticsearch._async.client._base import NamespacedClient as AsyncNamespace
    from elasticsearch._sync.client._base import NamespacedClient as Namespace

    hooked = type(client)(_transport=transport)
    for name, value in vars(client).items():
        # Namespaces, as `client.indices`, lead to the client they were made for.
        if name != "_transport" and not isinstance(value, Namespace | AsyncNamespace):
            setattr(hooked, name, value)
    return hooked
