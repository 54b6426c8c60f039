"""The end of a search: response processors run over the hits, then the answer is cut to the page that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headpond.pipeline.query.searches import Answer, Body
from headpond.pipeline.query.widen import added_fields, page_size, page_start
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.inference import QueryInference
from headpond.stages.response.base import Hit, ResponseProcessor, Results


def finish(
    processors: Sequence[ResponseProcessor[Any]],
    inference: QueryInference,
    answer: Answer,
    text: str | None,
    page: Body,
    deadline: Deadline,
    *,
    on_piece: Callable[[str], None] | None = None,
) -> Answer:
    """Passes the hits through the processors and cuts them to the page.

    Args:
        processors: in their order.
        inference: asks endpoints.
        answer: what the target answered; its parts are not changed.
        text: the words of the query, None when it has none.
        page: a body with the `from` and `size` to cut to.
        deadline: of the whole search.
        on_piece: takes the pieces of a text that a processor writes.
    """
    first, size = page_start(page), page_size(page)
    hits = _copies(answer["hits"]["hits"])
    window = max((stage.window for stage in processors), default=0)
    results = Results(hits, text, inference, deadline, first + size, first, window, on_piece=on_piece)
    for stage in processors:
        begun, before = deadline.spent_ms, _copies(results.hits)
        try:
            stage.process(results)
        except Exception as error:  # a fault of a stage must not cost the search
            results.hits[:] = before
            spent = deadline.spent_ms - begun
            results.degraded.append(Degraded(stage.name, f"{type(error).__name__}: {error}", spent))
    hits = results.hits[first : first + size]
    # A search that is sorted has none, though its hits may have scores.
    best = _best(results.hits) if answer["hits"].get("max_score") is not None else None
    if added := added_fields(processors, page):
        hits = [_without(hit, added) for hit in hits]
    answer = {**answer, "hits": {**answer["hits"], "hits": hits, "max_score": best}}
    if results.ext:
        answer["ext"] = {**answer.get("ext", {}), **results.ext}
    if results.degraded:
        answer["degraded"] = [*answer.get("degraded", []), *(item.to_json() for item in results.degraded)]
    return answer


def _copies(hits: Sequence[Hit]) -> list[Hit]:
    """Hits that a stage may change; it replaces their parts and does not change these in place."""
    return [dict(hit) for hit in hits]


def _without(hit: Hit, names: Sequence[str]) -> Hit:
    """A hit without fields that nobody asked for."""
    left = {name: value for name, value in (hit.get("fields") or {}).items() if name not in names}
    rest = {key: value for key, value in hit.items() if key != "fields"}
    return {**rest, "fields": left} if left else rest


def _best(hits: Sequence[Mapping[str, Any]]) -> float | None:
    scores = [hit["_score"] for hit in hits if hit.get("_score") is not None]
    return max(scores, default=None)
