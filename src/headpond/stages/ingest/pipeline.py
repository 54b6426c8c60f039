"""Runs another pipeline, by name.

A pipeline file names it in its `pipelines:` section; in a node it is a stored one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, field_validator

from headpond.errors import RestError
from headpond.stages import template, trace
from headpond.stages.ingest.base import Context, Processor, ProcessorSpec
from headpond.stages.known import Known
from headpond.stages.record import Record
from headpond.stages.where import Where


class PipelineSpec(ProcessorSpec):
    """Options of `pipeline`."""

    name: str = Field(description="The pipeline's name; snippets are allowed.")
    ignore_missing_pipeline: bool = Field(False, description="Go on when there is no pipeline of this name.")

    @field_validator("name")
    @classmethod
    def _is_template(cls, name: str) -> str:
        template.compile(name)
        return name


class Pipeline(Processor[PipelineSpec]):
    """Runs another pipeline."""

    Spec = PipelineSpec
    traces_itself = True

    def __init__(self, spec: PipelineSpec, name: str) -> None:
        super().__init__(spec, name)
        self._called = template.compile(spec.name)
        self.where = Where()

    @classmethod
    def build(cls, spec: PipelineSpec, where: Where, known: Known) -> Self:
        """As every processor; its place is kept, for the error about a name that no pipeline has."""
        made = cls(spec, where.path)
        made.where = where.at("name")
        return made

    @property
    def called(self) -> str | None:
        """The pipeline's name, where it is the same for every record."""
        return self._called.fixed

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Hands the records on, those for one pipeline together."""
        by_name: dict[str, list[Record]] = {}
        for record in records:
            by_name.setdefault(self._called.render(record), []).append(record)
        for name, some in by_name.items():
            self._call(name, some, context)

    def _call(self, name: str, records: list[Record], context: Context) -> None:
        pipeline = context.pipelines(name)
        if pipeline is None:
            for record in records:
                self._missing(record, name)
            return
        entering = []
        for record in records:
            refused = pipeline.refusal(record) or self._tried(record, name, context)
            if refused is None:
                trace.entered(record, self)
                entering.append(record)
            else:
                self.fail(record, refused)
                trace.failed(record, self, refused)
        if entering:
            pipeline.run(entering, context)

    def _missing(self, record: Record, name: str) -> None:
        reason = f"Pipeline processor configured for non-existent pipeline [{name}]"
        traced = record.trace is not None
        error = RestError(400 if traced else 500, f"illegal_{'argument' if traced else 'state'}_exception", reason)
        if not self.spec.ignore_missing_pipeline:
            self.fail(record, error)
            trace.failed(record, self, error)

    def _tried(self, record: Record, name: str, context: Context) -> RestError | None:
        """For a trace: whether pipelines call one another in a circle, which shows when they run on a copy."""
        if record.trace is None or len(record.pipelines) > 1:
            return None
        copy = record.copied()
        self._call(name, [copy], context)
        cause = copy.failure.cause if copy.failure is not None else None
        return cause if cause is not None and cause.type == "graph_structure_exception" else None
