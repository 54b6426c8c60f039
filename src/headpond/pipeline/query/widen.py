"""How many hits to ask for, so that response processors see what they want to see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from headpond.pipeline.query.retrieve.options import WINDOW
from headpond.pipeline.query.retrieve.tree import COMPOUND
from headpond.pipeline.query.text import without_ext
from headpond.stages.response.base import ResponseProcessor
from headpond.stages.where import Where

Body = dict[str, Any]
_NUMBER = re.compile(r"-?\d+")
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
    first, size = page_start(body), page_size(body)
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
    """Refuses a page that cannot be, or is larger than what a compound retriever gives, as Elasticsearch does.

    Raises:
        PipelineError: `from` or `size` is no number of 0 or more, or `size` is larger than the retriever's
            `rank_window_size`.
    """
    for key, said in (("size", "negative, found"), ("from", "negative but was")):
        value = body.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | str) or not _NUMBER.fullmatch(str(value)):
            raise where.at(key).error(f"[{key}] is a number of hits, not {value!r}")
        if int(value) < 0:
            raise where.at(key).error(f"[{key}] parameter cannot be {said} [{value}]")
    window = rank_window(body)
    size = page_size(body)
    if window is not None and window < size:
        kind = next(iter(body["retriever"]))
        name = "window_size" if kind == "rescorer" else "rank_window_size"
        message = f"[{kind}] requires [{name}: {window}] be greater than or equal to [size: {size}]"
        raise where.at("retriever", kind).error(message, hint=f"raise {name} in the pipeline, or ask for less")


def page_start(body: Body) -> int:
    """How many of the first hits a body leaves out."""
    return int(body.get("from", 0))


def page_size(body: Body) -> int:
    """How many hits a body asks for; without `size` a compound retriever gives its whole window."""
    size = body.get("size")
    if size is None:
        return rank_window(body) or SIZE
    return int(size)


def rank_window(body: Body) -> int | None:
    """How many hits a body's retriever ranks, when it is a compound one."""
    retriever = body.get("retriever")
    if not isinstance(retriever, dict) or not retriever:
        return None
    kind, options = next(iter(retriever.items()))
    if not isinstance(options, dict) or kind not in (*COMPOUND, "rescorer"):
        return None
    if kind != "rescorer":
        windows = [options.get("rank_window_size", WINDOW)]
    else:
        rescore = options.get("rescore")
        rescores = rescore if isinstance(rescore, list) else [rescore]
        windows = [one.get("window_size", WINDOW) for one in rescores if isinstance(one, dict)]
    return min(windows) if windows and all(isinstance(window, int) for window in windows) else None
