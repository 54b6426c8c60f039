"""How many hits to ask for, so that response processors see what they want to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headpond.pipeline.query.retrieve.options import WINDOW
from headpond.pipeline.query.retrieve.tree import COMPOUND
from headpond.pipeline.query.text import without_ext
from headpond.stages.response.base import ResponseProcessor
from headpond.stages.where import Where

Body = dict[str, Any]
SIZE = 10
"""Elasticsearch's default `size`."""


def widened(processors: Sequence[ResponseProcessor[Any]], body: Body, *, window: int = 0) -> Body:
    """A `_search` body that asks for as many hits as the response processors want to see.

    The page is cut when the processors have run, so it asks for the hits before the page too. OpenSearch's `ext.rerank`
    is taken out, as Elasticsearch does not know it.

    Args:
        processors: of the pipeline.
        body: what is asked for.
        window: hits that request processors want on top of that, the page's included.
    """
    body = without_ext(body)
    window = max([window, *(stage.window for stage in processors)])
    first, size = body.get("from", 0), body.get("size", SIZE)
    if size == 0:
        return body
    if vectors := added_fields(processors, body):
        body = {**body, "fields": [*body.get("fields", ()), *vectors]}
    if not (window or first):
        return body
    # Elasticsearch refuses to be asked for more than a compound retriever ranks.
    most = rank_window(body)
    wanted = max(first + size, window)
    return {**body, "from": 0, "size": wanted if most is None else max(size, min(wanted, most))}


def added_fields(processors: Sequence[ResponseProcessor[Any]], body: Body) -> list[str]:
    """Vector fields that response processors want and that the body does not ask for."""
    asked = [one.get("field") if isinstance(one, dict) else one for one in body.get("fields", ())]
    return list(dict.fromkeys(name for stage in processors for name in stage.vectors() if name not in asked))


def check_window(body: Body, where: Where) -> None:
    """Refuses to look for more hits than a compound retriever gives, as Elasticsearch does.

    Raises:
        PipelineError: `size` is larger than the retriever's `rank_window_size`.
    """
    window = rank_window(body)
    size = body.get("size", SIZE)
    if window is not None and window < size:
        kind = next(iter(body["retriever"]))
        message = f"[{kind}] requires [rank_window_size: {window}] be greater than or equal to [size: {size}]"
        raise where.at("retriever", kind).error(message, hint="raise rank_window_size in the pipeline, or ask for less")


def rank_window(body: Body) -> int | None:
    """How many hits a body's retriever ranks, when it is a compound one."""
    retriever = body.get("retriever")
    if not isinstance(retriever, dict) or not retriever:
        return None
    kind, options = next(iter(retriever.items()))
    window = options.get("rank_window_size", WINDOW) if kind in COMPOUND and isinstance(options, dict) else None
    return window if isinstance(window, int) else None
