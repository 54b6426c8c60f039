"""How deep to rerank: quality over the number of hits that the reranker looks at.

Each query is retrieved once and its texts are scored once, for the deepest window; all other windows are real searches
that are answered from memory. With `chunk_rescorer` a smaller window may choose another passage of a long text; that
passage is scored, too. A pipeline with `cache: {rerank_scores: 0}` (a model that ranks texts by each other) is scored
for each window.

Source of the 90 % point: Elastic, "Exploring depth in a 'retrieve-and-rerank' pipeline", 2024: it costs about a third
of the depth with the largest gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from headpond.errors import InputError
from headpond.evaluation.bootstrap import Interval, intervals
from headpond.evaluation.metered import Meter, uncached
from headpond.evaluation.metrics import Evaluator
from headpond.evaluation.queries import Queries
from headpond.evaluation.run import OnProgress, most_hits
from headpond.pipeline.pipeline import Pipeline
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.response.rerank import Rerank

ENOUGH = 0.9
_PATIENCE = "10m"
"""The deadline of a rerank in a sweep: it measures quality, and the deepest window takes longest."""


@dataclass(frozen=True, slots=True)
class DepthPoint:
    """A rerank window.

    Attributes:
        depth: hits that are reranked.
        value: the metric.
        gain: over no rerank.
        texts: that a query sends to the endpoint, on average.
        seconds: that the endpoint needs for them, estimated from all calls of the sweep.
        cost: of a query; None without a price.
    """

    depth: int
    value: Interval
    gain: Interval
    texts: float
    seconds: float
    cost: float | None


@dataclass(frozen=True, slots=True)
class DepthSweep:
    """Quality over rerank windows.

    Attributes:
        metric: its name.
        own: the window that the pipeline has.
        baseline: the metric without the rerank.
        points: from the smallest window.
        best: the window with the largest gain; None when no window gains.
        enough: the smallest window with 90 % of that gain.
        currency: of the costs.
        degraded: searches in which something could not do its work.
    """

    metric: str
    own: int
    baseline: Interval
    points: list[DepthPoint]
    best: int | None
    enough: int | None
    currency: str | None
    degraded: int

    def point(self, depth: int) -> DepthPoint:
        """A window's point."""
        return next(point for point in self.points if point.depth == depth)


def sweep(
    pipeline: Pipeline,
    queries: Queries,
    evaluator: Evaluator,
    depths: Sequence[int],
    *,
    index: str | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> DepthSweep:
    """Evaluates rerank windows by the evaluator's first metric.

    Args:
        pipeline: with one `rerank` among its response processors.
        queries: those of the evaluator.
        evaluator: computes the metric.
        depths: windows.
        index: where; None for the pipeline's own.
        seed: of the bootstrap.
        on_progress: told after each query.

    Raises:
        InputError: the pipeline has no rerank, or several, or retrieves fewer hits than a window.
        PipelineError, TargetError: a query cannot be asked.
    """
    check(pipeline, depths)
    place, most = _rerank_place(pipeline.spec), most_hits(pipeline)
    depths = sorted(set(depths))
    meter = Meter(pipeline.client, pipeline.spec.file.prices)
    # A model that ranks texts by each other is asked for each window.
    meter.remember(scores=pipeline.spec.file.cache.rerank_scores > 0)
    spec = uncached(pipeline.spec)
    systems = {depth: Pipeline(_with_window(spec, place, depth), meter.client) for depth in [*depths[::-1], 0]}
    size = max(depths[-1], min(evaluator.metrics[0].cutoff or 10, most or 10_000))
    found: dict[int, dict[str, list[str]]] = {depth: {} for depth in systems}
    texts = dict.fromkeys(systems, 0)
    degraded = 0
    for done, (id, text) in enumerate(queries.items(), 1):
        for depth, system in systems.items():
            before = meter.wanted
            answer = system.search(text, size=size, index=index)
            texts[depth] += meter.wanted - before
            degraded += "degraded" in answer
            found[depth][id] = list(dict.fromkeys(hit["_id"] for hit in answer["hits"]["hits"]))
        meter.forget()
        if on_progress is not None:
            on_progress("depths", done, len(queries))
    scores = np.stack([evaluator.scores(found[depth])[:, 0] for depth in [0, *depths]], axis=1)
    values = intervals(scores, seed=seed)
    gains = intervals(scores - scores[:, :1], seed=seed)
    cost = _costs(pipeline.spec, place, meter)
    points = [
        DepthPoint(
            depth, values[at], gains[at], texts[depth] / len(queries),
            meter.rerank_seconds / max(1, meter.reranked) * texts[depth] / len(queries),
            None if cost is None else cost[0] * texts[depth] / len(queries) + cost[1],
        )
        for at, depth in enumerate(depths, 1)
    ]  # fmt: skip
    best, enough = _enough(points)
    return DepthSweep(
        evaluator.metrics[0].name, pipeline.spec.response_processors[place].window, values[0], points, best, enough,
        meter.currency, degraded,
    )  # fmt: skip


def check(pipeline: Pipeline, depths: Sequence[int]) -> None:
    """Whether depths can be tried, before anything is paid for.

    Raises:
        InputError: the pipeline has no rerank, or several, or retrieves fewer hits than a window.
    """
    _rerank_place(pipeline.spec)
    most, deepest = most_hits(pipeline), max(depths)
    if min(depths) < 1:
        raise InputError(f"depths are 1 or more, not {min(depths)}")
    if most is not None and deepest > most:
        raise InputError(
            f"a depth of {deepest} needs as many hits, and the pipeline ranks {most}",
            hint=f"raise rank_window_size of its retriever, or ask for depths up to {most}",
        )


def _rerank_place(spec: PipelineSpec) -> int:
    places = [at for at, stage in enumerate(spec.response_processors) if isinstance(stage, Rerank)]
    if len(places) != 1:
        number = len(places) or "no"
        raise InputError(
            f"depths need one `rerank` among the response processors, {spec.name!r} has {number}",
            hint="write the rerank as a response processor: response_processors: [{rerank: {inference_id: ...}}]",
        )
    return places[0]


def _with_window(spec: PipelineSpec, place: int, depth: int) -> PipelineSpec:
    """The pipeline with another window; without the rerank for 0."""
    stages = list(spec.response_processors)
    old = stages.pop(place)
    if depth:
        # Another model's ranking must not stand for this one's.
        changed = old.spec.model_copy(update={"window": depth, "deadline": _PATIENCE, "fallback": None})
        stages.insert(place, Rerank(changed, old.name))
    file = spec.file.model_copy(update={"deadline": None})
    return replace(spec, file=file, response_processors=tuple(stages))


def _costs(spec: PipelineSpec, place: int, meter: Meter) -> tuple[float, float] | None:
    """What a text costs, and what a request costs."""
    endpoint = spec.response_processors[place].endpoints()[0]
    price, spent = spec.file.prices.get(endpoint), meter.spent().get(endpoint)
    if price is None or spent is None or not meter.reranked:
        return None
    return price.of(spent.tokens / meter.reranked, 0), price.of(0, 1)


def _enough(points: Sequence[DepthPoint]) -> tuple[int | None, int | None]:
    best = max(points, key=lambda point: (point.gain.mean, -point.depth))
    if best.gain.mean <= 0:
        return None, None
    return best.depth, next(point.depth for point in points if point.gain.mean >= ENOUGH * best.gain.mean)
