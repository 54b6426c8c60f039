"""Reads the body of an ingest pipeline, as `PUT _ingest/pipeline/<id>` takes it and as pipeline files hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from headpond.stages.chain import Chain, Link, link
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.known import OURS, Known
from headpond.stages.options import parse_exception, validate
from headpond.stages.where import Problem, Where, Wrong


class PipelineBody(BaseModel):
    """What a pipeline says."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True)

    description: str | None = Field(None, description="What it is for.")
    version: int | None = Field(None, description="A number of your own.")
    meta: dict[str, Any] | None = Field(None, alias="_meta", description="Anything; nothing reads it.")
    deprecated: bool | None = Field(None, description="Whether it should not be used any more.")
    field_access_pattern: str | None = Field(None, description="`classic`, or `flexible` to find keys with dots.")
    processors: list[dict[str, Any]] = Field(description="What it does.")
    on_failure: list[dict[str, Any]] | None = Field(
        None, description="What happens to records for which a processor failed; they end there."
    )

    @field_validator("field_access_pattern")
    @classmethod
    def _is_pattern(cls, given: str) -> str:
        if given not in ("classic", "flexible"):
            raise ValueError(f"doesn't support value of [{given}]")
        return given


def read_pipeline(
    name: str,
    body: Mapping[str, Any],
    where: Where,
    *,
    known: Known = OURS,
    pipelines: Mapping[str, IngestPipeline] | None = None,
) -> IngestPipeline:
    """A pipeline, checked and ready to run.

    Args:
        name: its id.
        body: as of `PUT _ingest/pipeline`.
        where: its place.
        known: the processors that it may name.
        pipelines: those that it may call by name, where they belong to the same file.

    Raises:
        Wrong: lists every problem, each with a node's error.
    """
    problems: list[Problem] = []
    checked: PipelineBody | None = None
    try:
        checked = validate(PipelineBody, body, where, pipeline=name)
    except Wrong as error:
        problems += error.problems
    links: dict[str, list[Link]] = {"processors": [], "on_failure": []}
    for key, found in links.items():
        given = body.get(key)
        for index, item in enumerate(given if isinstance(given, list) else []):
            try:
                if isinstance(item, Mapping):  # what is none has been reported
                    found.append(link(item, where.at(key, index), known))
            except Wrong as error:
                problems += error.problems
    if body.get("on_failure") == []:
        reason = f"pipeline [{name}] cannot have an empty on_failure option defined"
        place = where.at("on_failure")
        problems.append(Problem(place, "invalid-value", "[on_failure] is empty", answer=parse_exception(reason)))
    if problems or checked is None:
        raise Wrong(problems)
    on_failure = Chain(tuple(links["on_failure"])) if links["on_failure"] else None
    flexible = checked.field_access_pattern == "flexible"
    return IngestPipeline(name, Chain(tuple(links["processors"])), on_failure, flexible, pipelines or {})
