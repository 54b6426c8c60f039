"""Asks a pipeline all queries and keeps what came: rankings, times, what was degraded, what it cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from headpond.errors import HeadpondError, InputError, TargetError
from headpond.evaluation.metered import Meter, uncached
from headpond.evaluation.queries import Queries
from headpond.evaluation.saved_run import Ranking
from headpond.pipeline.budget import Spent
from headpond.pipeline.pipeline import Pipeline
from headpond.pipeline.query.widen import rank_window

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

PERCENTILES = (50, 95, 99)
TRIES = 3
"""Of a query whose failure may pass."""


@dataclass(slots=True)
class Run:
    """The rankings of one system.

    Attributes:
        name: of the pipeline, or the tag of a saved run.
        rankings: by query, best first.
        seconds: of each query; empty for a saved run.
        degraded: reasons, by query, where a stage or a leg could not do its work.
        spent: by endpoint.
        cost: of all of it; None without prices.
        currency: of the cost.
        size: hits that were asked for; None for a saved run.
        workers: queries that were under way at once.
    """

    name: str
    rankings: dict[str, Ranking]
    seconds: dict[str, float] = field(default_factory=dict)
    degraded: dict[str, list[str]] = field(default_factory=dict)
    spent: dict[str, Spent] = field(default_factory=dict)
    cost: float | None = None
    currency: str | None = None
    size: int | None = None
    workers: int = 1

    def documents(self) -> dict[str, list[str]]:
        """The ids of the documents, by query, best first."""
        return {query: [document for document, _ in ranking] for query, ranking in self.rankings.items()}

    def latency(self) -> dict[str, float]:
        """Milliseconds a query: `mean`, `p50`, `p95`, `p99`; empty for a saved run."""
        if not self.seconds:
            return {}
        times = 1000 * np.array(list(self.seconds.values()))
        found = {f"p{share}": float(np.percentile(times, share)) for share in PERCENTILES}
        return {"mean": float(times.mean()), **found}


def ask(
    pipeline: Pipeline,
    queries: Queries,
    *,
    size: int,
    index: str | None = None,
    workers: int = 1,
    meter: Meter | None = None,
    on_progress: OnProgress | None = None,
) -> Run:
    """Asks all queries.

    The first query is asked once more before the clock runs, so that loading a model or opening a connection is not
    taken for its time. The pipeline's own cache is off.

    Args:
        pipeline: what is asked.
        queries: what for.
        size: hits of each.
        index: where; None for the pipeline's own.
        workers: queries under way at once.
        meter: counts the calls; None for a new one.
        on_progress: told after each query.

    Raises:
        PipelineError, TargetError, InputError: a query cannot be asked; the message says which.
    """
    meter = meter or Meter(pipeline.client, pipeline.spec.file.prices)
    asked = Pipeline(uncached(pipeline.spec), meter.client)
    run = Run(pipeline.spec.name, {}, size=size, workers=workers)
    one = partial(_one, asked, size=size, index=index)
    done, lock = 0, threading.Lock()
    todo = list(queries.items())

    def work(item: tuple[str, str]) -> tuple[Ranking, float, list[str]]:
        nonlocal done
        found = one(*item)
        with lock:
            done += 1
            if on_progress is not None:
                on_progress(run.name, done, len(todo))
        return found

    if todo:
        one(*todo[0])
    with ThreadPoolExecutor(workers, "headpond-evaluate") as pool:
        try:
            for (id, _), (ranking, seconds, degraded) in zip(todo, pool.map(work, todo), strict=True):
                run.rankings[id], run.seconds[id] = ranking, seconds
                if degraded:
                    run.degraded[id] = degraded
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    run.spent, run.cost, run.currency = meter.spent(), meter.cost, meter.currency
    return run


def most_hits(pipeline: Pipeline) -> int | None:
    """How many hits a pipeline ranks at most; None when it has no such limit.

    Raises:
        InputError: it cannot be searched.
    """
    search = pipeline.spec.file.search
    if search is None:
        raise InputError(f"the pipeline {pipeline.spec.name!r} has no `search`, so it cannot be evaluated")
    return rank_window(search)


def describe_degraded(degraded: Sequence[Sequence[str]]) -> str:
    """The commonest reason."""
    reasons = [reason for one in degraded for reason in one]
    return max(set(reasons), key=reasons.count)


def _one(pipeline: Pipeline, id: str, text: str, *, size: int, index: str | None) -> tuple[Ranking, float, list[str]]:
    for left in reversed(range(TRIES)):
        started = time.perf_counter()
        try:
            answer = pipeline.search(text, size=size, index=index)
        except HeadpondError as error:
            if error.transient and left:
                time.sleep(0.5)
                continue
            if isinstance(error, TargetError):
                told = f"query {id!r}: {error.message}"
                raise TargetError(told, hint=error.hint, transient=error.transient) from None
            raise
        seconds = time.perf_counter() - started
        hits = answer["hits"]["hits"]
        ranking = [(str(hit["_id"]), float("nan") if hit["_score"] is None else hit["_score"]) for hit in hits]
        degraded = [f"{item['stage']}: {item['reason']}" for item in answer.get("degraded", [])]
        return _once(ranking), seconds, degraded
    raise AssertionError("unreachable")


def _once(ranking: Ranking) -> Ranking:
    """Each id once: over several indices (an alias) the same id may come twice, judgments know one."""
    return list({document: (document, score) for document, score in reversed(ranking)}.values())[::-1]
