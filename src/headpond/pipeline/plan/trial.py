"""Runs a few records through the processors with real inference calls, and writes none of them to the index.

A throw-away index would say more (the mapping would be tried, too), but a run that is killed would leave it behind,
and few users may make indices on a cluster that matters; so documents are shown, not stored. Embeddings are kept in
the cache: the run itself does not pay for them again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from headpond import exact_json
from headpond.pipeline import cache, identity
from headpond.pipeline.budget import Budget, Spent
from headpond.pipeline.cache import opened_cache
from headpond.pipeline.context import context
from headpond.pipeline.embedder import BatchEmbedder
from headpond.pipeline.endpoints import TargetEndpoint, apply
from headpond.pipeline.job import JobSettings
from headpond.pipeline.plan.counting import Tokenizers, counter
from headpond.pipeline.plan.estimate import Measured
from headpond.pipeline.plan.sampling import Look, look
from headpond.pipeline.plan.stages import Stage, describe
from headpond.pipeline.report import Counters
from headpond.pipeline.sources import Given, open_sources
from headpond.pipeline.sources.base import Source
from headpond.pipeline.spec import PipelineSpec
from headpond.pipeline.target import check_version
from headpond.stages.inference import Embedding, InferenceFailure
from headpond.stages.ingest.base import Context
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.record import Failure, Record

_SHOWN = 4
_LONGEST = 200


@dataclass(slots=True)
class StageRun:
    """What one processor did to the sample.

    Attributes:
        stage: the processor.
        records: it was given.
        seconds: it took.
        texts: sent to endpoints.
        cached: texts that needed no request.
        tokens: of those sent, as counted by the target, estimated where it does not say.
        cost: None without a price.
        added: top-level fields that it made, by the number of records.
        removed: likewise.
        changed: likewise.
        failed: records that failed in it.
        dropped: records that it left out.
    """

    stage: Stage
    records: int
    seconds: float = 0.0
    texts: int = 0
    cached: int = 0
    tokens: int = 0
    cost: float | None = None
    added: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    dropped: int = 0

    def to_json(self) -> dict[str, Any]:
        """An object with the attributes."""
        names = ("records", "seconds", "texts", "cached", "tokens", "cost", "added", "removed", "changed", "failed")
        values = {name: getattr(self, name) for name in (*names, "dropped")}
        return {"stage": self.stage.name, "does": self.stage.does, **values, "seconds": round(self.seconds, 4)}


@dataclass(slots=True)
class Trial:
    """What became of a few records.

    Attributes:
        documents: `{_id, document}` as they would be indexed, with vectors shortened; or `{_id, failed}`, or
            `{_id, dropped}`.
        stages: what each processor did.
        spent: what each endpoint was asked.
        cost: of it; None when no endpoint has a price.
        currency: of the cost.
        measured: what the calls took, by endpoint; for a plan.
    """

    documents: list[dict[str, Any]]
    stages: list[StageRun]
    spent: Mapping[str, Spent]
    cost: float | None
    currency: str | None
    measured: Mapping[str, Measured]

    def to_json(self) -> dict[str, Any]:
        """The trial as `headpond ingest --sample N --report` writes it."""
        return {
            "documents": self.documents,
            "stages": [stage.to_json() for stage in self.stages],
            "spent": {name: one.to_json() for name, one in self.spent.items()},
            "cost": self.cost,
            "currency": self.currency,
        }


def trial(
    spec: PipelineSpec,
    sources: Sequence[Given],
    client: Elasticsearch,
    number: int,
    *,
    settings: JobSettings | None = None,
    tokenizers: Tokenizers | None = None,
) -> Trial:
    """Runs `number` records through the processors; endpoints that are missing are made, nothing else is written.

    Args:
        spec: the pipeline.
        sources: as for `ingest`.
        client: of the target.
        number: how many records: from the beginning of small sources, from places spread over large files.
        settings: how the job would be run; its limits on tokens and cost hold here, too.
        tokenizers: finds the tokenizers of local models.

    Raises:
        InputError: a source cannot be opened or read.
        PipelineError, TargetError: the pipeline does not fit the target.
        JobError: an endpoint cannot be used, or a limit was reached.
    """
    settings = settings or JobSettings()
    check_version(client)
    opened = open_sources(list(sources), settings.source_options(client))
    endpoints = apply(client, spec)
    budget = Budget(spec.file.prices, settings.max_tokens, settings.max_cost)
    budget.check({name: str(endpoints[name].shown.get("service")) for name in spec.processors.endpoints()})
    records = list(_named(opened, number, identity.of_pipeline(spec, endpoints), settings))
    counters = Counters(budget=budget)
    stored = (settings.cache or cache.default_path()) if settings.use_cache else None
    with opened_cache(stored, client) as known:
        embedder = BatchEmbedder(client, endpoints, known, counters, settings.pace, threading.Event(), budget=budget)
        timed = _Timed(embedder, endpoints, counters, tokenizers)
        try:
            handed = context(timed)
            stages = [
                _run(describe(link), spec.processors.alone(link), records, handed, counters)
                for link in spec.processors.chain.links
            ]
        finally:
            embedder.close()
    documents = [_shown(record) for record in records]
    return Trial(documents, stages, budget.spent(), budget.cost(), budget.currency, timed.measured)


def _named(sources: Sequence[Source], number: int, does: bytes, settings: JobSettings) -> Iterator[Record]:
    raws = (raw for source in sources for raw in look(source, Look(source.name)))
    for raw in islice(raws, number):
        record = Record(exact_json.loads(raw))
        try:
            identity.name(record, does, id_field=settings.id_field)
        except ValueError as error:
            record.failure = Failure("source", str(error))
        yield record


def _run(
    stage: Stage, processor: IngestPipeline, records: Sequence[Record], handed: Context, counters: Counters
) -> StageRun:
    todo = [record for record in records if record.active]
    before = [dict(record.document) for record in todo]
    texts, cached, spent, cost = counters.inputs, counters.cached, _tokens(counters), counters.budget.cost()
    began = time.monotonic()
    processor.run(todo, handed)
    run = StageRun(stage, len(todo), time.monotonic() - began)
    run.texts, run.cached = counters.inputs - texts, counters.cached - cached
    run.tokens = _tokens(counters) - spent
    now = counters.budget.cost()
    run.cost = None if now is None or cost is None else now - cost
    for record, earlier in zip(todo, before, strict=True):
        run.failed += record.failure is not None
        run.dropped += record.dropped
        for name in record.document.keys() | earlier.keys():
            if name not in earlier:
                run.added[name] = run.added.get(name, 0) + 1
            elif name not in record.document:
                run.removed[name] = run.removed.get(name, 0) + 1
            elif record.document[name] is not earlier[name]:
                run.changed[name] = run.changed.get(name, 0) + 1
    return run


def _tokens(counters: Counters) -> int:
    return sum(one.tokens for one in counters.budget.spent().values())


class _Timed:
    """The job's embedder with a stop watch for each endpoint."""

    def __init__(
        self,
        embedder: BatchEmbedder,
        endpoints: Mapping[str, TargetEndpoint],
        counters: Counters,
        tokenizers: Tokenizers | None,
    ) -> None:
        self._embedder = embedder
        self._endpoints = endpoints
        self._counters = counters
        self._tokenizers = tokenizers
        self.measured: dict[str, Measured] = {}

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Embedding | InferenceFailure]:
        """Embeds, and measures where all texts were really sent."""
        endpoint = self._endpoints[inference_id]
        spent = self._counters.budget.spent().get(inference_id, Spent())
        sent = self._counters.inputs
        began = time.monotonic()
        outcomes = self._embedder.embed(inference_id, texts)
        seconds = time.monotonic() - began
        now = self._counters.budget.spent().get(inference_id, Spent())
        distinct = list(dict.fromkeys(texts))
        if distinct and self._counters.inputs - sent == len(distinct):
            shown = {**endpoint.shown, "task_type": endpoint.task_type}
            said = now.estimated == spent.estimated
            self.measured[inference_id] = Measured(
                now.tokens - spent.tokens if said else None,
                sum(counter(shown, self._tokenizers).count(distinct)),
                now.requests - spent.requests,
                seconds,
            )
        return outcomes


def _shown(record: Record) -> dict[str, Any]:
    if record.failure is not None:
        return {"_id": record.id, "failed": f"{record.failure.stage}: {record.failure.error}"}
    if record.dropped:
        return {"_id": record.id, "dropped": True}
    return {"_id": record.id, "document": shortened(record.document)}


def shortened(value: Any) -> Any:
    """A value with vectors cut to their first numbers, sparse ones to their heaviest tokens, and texts to a line."""
    if isinstance(value, np.ndarray):
        return _vector([round(float(number), 4) for number in value[:_SHOWN]], len(value))
    if isinstance(value, list):
        if len(value) > 16 and all(isinstance(number, int | float) for number in value):
            return _vector(value[:_SHOWN], len(value))
        return [shortened(one) for one in value]
    if isinstance(value, dict):
        if len(value) > 16 and all(isinstance(weight, float) for weight in value.values()):
            heaviest = sorted(value, key=value.__getitem__, reverse=True)[:_SHOWN]
            return f"{{{', '.join(f'{name}: {value[name]:.4g}' for name in heaviest)}, … {len(value)} tokens}}"
        return {name: shortened(one) for name, one in value.items()}
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}… ({len(value):,} letters)"
    return value


def _vector(first: list[Any], length: int) -> str:
    return f"[{', '.join(map(str, first))}, … {length} numbers]"
