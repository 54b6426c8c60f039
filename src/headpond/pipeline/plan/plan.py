"""What a run would do, found out without writing anything and without an inference call."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import HeadpondError
from headpond.pipeline import cache, identity
from headpond.pipeline.cache import EmbeddingCache, open_cache
from headpond.pipeline.endpoints import TargetEndpoint, declared_endpoint, differences, get
from headpond.pipeline.index import Preview, index_name, preview
from headpond.pipeline.job import JobSettings
from headpond.pipeline.pace import limits
from headpond.pipeline.plan.counting import Tokenizers, counter
from headpond.pipeline.plan.estimate import Estimate, Measured, Part, estimate, total
from headpond.pipeline.plan.sampling import Look, look
from headpond.pipeline.plan.stages import Stage, describe_stages
from headpond.pipeline.plan.survey import Survey
from headpond.pipeline.report import Counters
from headpond.pipeline.sources import Given, open_sources
from headpond.pipeline.sources.base import Source
from headpond.pipeline.spec import PipelineSpec
from headpond.pipeline.state.job_state import COMPLETE, JobState, describe_sources, job_id
from headpond.pipeline.state.store import StateStore
from headpond.pipeline.target import check_version
from headpond.pipeline.unchanged import Unchanged

EXISTS, MADE, DIFFERS, MISSING = "exists", "will be made", "differs", "missing"


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """An endpoint of the pipeline.

    Attributes:
        inference_id: its id.
        task_type: what it does.
        service: who does it, and with which model.
        state: `exists`, `will be made`, `differs` or `missing` (neither there nor declared).
        details: what differs.
    """

    inference_id: str
    task_type: str
    service: str
    state: str
    details: Sequence[str] = ()


@dataclass(slots=True)
class Plan:
    """What a run would do.

    Attributes:
        pipeline: its name.
        version: of the target's Elasticsearch.
        endpoints: all that the file declares or needs.
        index: the index.
        fit: whether it exists, and what its mapping would get; None when it does not fit, see `problems`.
        stages: the processors.
        sources: what was seen of each source.
        unchanged: records of those seen that the index holds already.
        dropped: records of those seen that a processor leaves out.
        failures: how many of the records seen would be dead-lettered, by reason.
        estimates: by endpoint; empty when something keeps the processors from running.
        resume: where an earlier run of the job ended; None when this is a new one.
        currency: of the costs.
        problems: what keeps the run from starting; empty when nothing does.
    """

    pipeline: str
    version: str
    index: str
    endpoints: list[EndpointPlan] = field(default_factory=list)
    fit: Preview | None = None
    stages: list[Stage] = field(default_factory=list)
    sources: list[Look] = field(default_factory=list)
    unchanged: int = 0
    dropped: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    estimates: dict[str, Estimate] = field(default_factory=dict)
    resume: JobState | None = None
    currency: str | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def total(self) -> dict[str, Any]:
        """Tokens, requests, seconds and cost of all endpoints together."""
        return total(self.estimates)

    @property
    def records(self) -> float | None:
        """How many records the sources have."""
        counts = [source.records for source in self.sources]
        return None if None in counts else sum(count for count in counts if count is not None)

    def to_json(self) -> dict[str, Any]:
        """The plan as `headpond ingest --dry-run --report` writes it."""
        return {
            "pipeline": self.pipeline,
            "target": {"version": self.version},
            "index": {
                "name": self.index,
                "exists": self.fit.exists if self.fit else None,
                "added": self.fit.added if self.fit else None,
                "differs": self.fit.parameters if self.fit else None,
            },
            "endpoints": {
                one.inference_id: {"task_type": one.task_type, "state": one.state, "differs": list(one.details)}
                for one in self.endpoints
            },
            "stages": [{"stage": one.name, "does": one.does, "if": one.condition} for one in self.stages],
            "sources": [
                {"name": one.source, "records": one.records, "counted": one.counted, "seen": one.seen, "bad": one.bad}
                for one in self.sources
            ],
            "seen": {"unchanged": self.unchanged, "dropped": self.dropped, "failures": dict(self.failures)},
            "resume": None
            if self.resume is None
            else {"state": self.resume.state, "settled": self.resume.settled.records, "position": self.resume.position},
            "estimates": {name: one.to_json() for name, one in self.estimates.items()},
            "total": self.total,
            "currency": self.currency,
            "problems": self.problems,
        }


def plan(
    spec: PipelineSpec,
    sources: Sequence[Given],
    client: Elasticsearch,
    *,
    index: str | None = None,
    settings: JobSettings | None = None,
    tokenizers: Tokenizers | None = None,
    measured: Mapping[str, Measured] | None = None,
) -> Plan:
    """Looks at everything that `ingest` would look at before its first write, and estimates the rest.

    Args:
        spec: the pipeline.
        sources: as for `ingest`; iterators are used up as far as they are read.
        client: of the target.
        index: the index; None for the pipeline's own.
        settings: how the job would be run.
        tokenizers: finds the tokenizers of local models.
        measured: what a few real calls took, by endpoint.

    Raises:
        InputError: a source cannot be opened or read.
        TargetError: the target cannot be used.
    """
    settings = settings or JobSettings()
    opened = open_sources(list(sources), settings.source_options(client))
    version = check_version(client)
    made = Plan(spec.name, version, index_name(spec, index), stages=describe_stages(spec.processors.chain))
    endpoints = _endpoints(client, spec, made)
    needed = spec.processors.endpoints()
    made.currency = next((price.currency for price in spec.file.prices.values()), None)
    if any(name not in endpoints for name in needed):
        return made
    there = all(plan.state == EXISTS for plan in made.endpoints if plan.inference_id in needed)
    does = identity.of_pipeline(spec, endpoints)
    try:
        # The dims of an endpoint that is not made yet, or does not say them, are left open.
        made.fit = preview(client, made.index, spec, endpoints, lambda one: one.dimensions)  # type: ignore[arg-type,return-value]
    except HeadpondError as error:
        unless = "" if there else "unless the endpoint that will be made has the same model: "
        made.problems.append(f"{unless}{error}")
    made.resume = _earlier(client, spec, made.index, does, opened, settings)
    known = _cache(settings, client)
    try:
        survey = Survey(
            spec,
            endpoints,
            does,
            id_field=settings.id_field,
            unchanged=_unchanged(client, made, settings) if made.fit and made.fit.exists and there else None,
            known=known.get if known is not None else None,
        )
        part = _read(opened, made, survey)
    finally:
        if known is not None:
            known.close()
    for name in needed:
        limit = limits.of(endpoints[name], settings.pace)
        shown = {**endpoints[name].shown, "task_type": endpoints[name].task_type}
        made.estimates[name] = estimate(
            name,
            survey.texts[name],
            part,
            counter(shown, tokenizers),
            limit,
            price=spec.file.prices.get(name),
            measured=(measured or {}).get(name),
        )
    made.unchanged, made.dropped, made.failures = survey.unchanged, survey.dropped, dict(survey.failures)
    return made


def _endpoints(client: Elasticsearch, spec: PipelineSpec, made: Plan) -> dict[str, TargetEndpoint]:
    """Looks the endpoints up; those that will be made are taken as the file says they will be."""
    found = {}
    for inference_id, body in spec.file.endpoints.items():
        declared = body.model_dump(exclude_none=True, exclude_defaults=True)
        existing = get(client, inference_id)
        details: list[str] = []
        try:
            details = differences(declared, existing) if existing is not None else []
        except HeadpondError as error:
            made.problems.append(str(error))
        if details:
            made.problems.append(f"endpoint [{inference_id}] exists with other settings: {'; '.join(details)}")
        endpoint = existing or declared_endpoint(inference_id, declared)
        state = DIFFERS if details else EXISTS if existing else MADE
        made.endpoints.append(_shown(endpoint, state, details))
        found[inference_id] = endpoint
    for inference_id in spec.processors.endpoints():
        if inference_id not in found:
            existing = get(client, inference_id)
            if existing is None:
                made.endpoints.append(EndpointPlan(inference_id, "", "", MISSING))
                made.problems.append(f"endpoint [{inference_id}] is neither there nor declared under `endpoints:`")
                continue
            made.endpoints.append(_shown(existing, EXISTS, []))
            found[inference_id] = existing
    return found


def _shown(endpoint: TargetEndpoint, state: str, details: Sequence[str]) -> EndpointPlan:
    settings = endpoint.shown.get("service_settings") or {}
    model = settings.get("model_id") or settings.get("model")
    service = str(endpoint.shown.get("service"))
    named = f"{service} {model}" if model and "${" not in str(model) else service
    return EndpointPlan(endpoint.inference_id, endpoint.task_type, named, state, details)


def _read(sources: Sequence[Source], made: Plan, survey: Survey) -> Part:
    """Surveys the sources; gives how much of them that was."""
    seen, whole = 0.0, True
    every = 0.0
    for source in sources:
        view = Look(source.name)
        for raw in look(source, view):
            survey.take(raw)
        made.sources.append(view)
        seen += view.bytes
        every += view.bytes / view.share if view.share else view.bytes
        whole = whole and view.spread
    survey.flush()
    return Part(seen / every if every else 1.0, whole, survey.sizes)


def _unchanged(client: Elasticsearch, made: Plan, settings: JobSettings) -> Any:
    return Unchanged(client, made.index, settings.retry, threading.Event(), Counters()).among


def _cache(settings: JobSettings, client: Elasticsearch) -> EmbeddingCache | None:
    """The cache that the job would use; one that is not there is not made."""
    if not settings.use_cache:
        return None
    given = settings.cache or cache.default_path()
    if isinstance(given, Path) and not given.is_file():
        return None
    return open_cache(given, client) if isinstance(given, str | Path) else None


def _earlier(
    client: Elasticsearch,
    spec: PipelineSpec,
    index: str,
    does: bytes,
    sources: Sequence[Source],
    settings: JobSettings,
) -> JobState | None:
    """The state that an earlier run left, when this one would go on from it."""
    described = describe_sources(sources) if settings.resume and not settings.fresh else None
    if described is None:
        return None
    try:
        stored = StateStore(client).get(job_id(spec.name, does, index, described, settings.id_field))
    except (ApiError, TransportError):  # a target that keeps no states has nothing to go on from
        return None
    return stored.state if stored is not None and stored.state.state != COMPLETE else None
