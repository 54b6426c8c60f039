"""Processors one after the other, with Elasticsearch's `if`, `ignore_failure` and `on_failure`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.stages import trace
from headpond.stages.condition import Condition
from headpond.stages.ingest.base import Context, Processor, failure
from headpond.stages.known import OURS, Known
from headpond.stages.options import parse_exception, read
from headpond.stages.record import Record
from headpond.stages.where import Problem, Where, Wrong


@dataclass(frozen=True, slots=True)
class Link:
    """One processor of a chain.

    Attributes:
        processor: does the work.
        applies: its `if`; None for every record.
        on_failure: what runs for records that fail in it; None when there is no handler.
    """

    processor: Processor[Any]
    applies: Condition | None
    on_failure: Chain | None

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Runs the processor over those records that meet its condition, and what handles its failures."""
        chosen = [record for record in records if self._applies(record)]
        if not chosen:
            return
        self.processor.run(chosen, context)
        failed = []
        for record in chosen:
            trace.after(record, self.processor)
            if record.failure is not None:
                failed.append(record)
        if self.processor.spec.ignore_failure:
            for record in failed:
                record.failure = None
        elif failed and self.on_failure is not None:
            self.on_failure.handle(failed, context)

    def _applies(self, record: Record) -> bool:
        """Whether the condition holds; one that cannot be told fails the record, and this link does not handle that."""
        if self.applies is None:
            return True
        try:
            met = self.applies(record)
        except RestError as error:
            tag = self.processor.spec.tag
            record.failure = failure(f"{self.processor.name}.if", "conditional", tag, record, error)
            return False
        if not met:
            trace.skipped(record, self.processor)
        return met

    def processors(self) -> list[Processor[Any]]:
        """The processor, those inside of it, and those that handle its failures."""
        handlers = [] if self.on_failure is None else self.on_failure.processors()
        return [self.processor, *self.processor.inner(), *handlers]


@dataclass(frozen=True, slots=True)
class Chain:
    """Processors in the order they run."""

    links: tuple[Link, ...]

    @classmethod
    def build(cls, items: Sequence[Mapping[str, Any]], where: Where, *, first: int = 0, known: Known = OURS) -> Chain:
        """Builds the chain of a pipeline's `processors`.

        Args:
            items: `{name: options}` each.
            where: the list's place in its file, for errors.
            first: the place of the first item in that list.
            known: the processors that may be named.

        Raises:
            Wrong: names or options are wrong; says which, where, and the nearest valid ones.
        """
        links: list[Link] = []
        problems: list[Problem] = []
        for index, item in enumerate(items, first):
            try:
                links.append(link(item, where.at(index), known))
            except Wrong as error:
                problems += error.problems
        if problems:
            raise Wrong(problems)
        return cls(tuple(links))

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Runs all processors over the batch. Failed and dropped records are passed over by the rest."""
        for each in self.links:
            active = [record for record in records if record.active]
            if not active:
                return
            each.run(active, context)

    def handle(self, failed: Sequence[Record], context: Context) -> None:
        """Runs as an `on_failure`: the failures are in `_ingest` meanwhile, and forgotten afterwards."""
        for record in failed:
            assert record.failure is not None
            record.ingest |= {
                "on_failure_message": record.failure.root_message,
                "on_failure_processor_type": record.failure.processor,
                "on_failure_processor_tag": record.failure.tag,
            }
            if record.failure.pipelines:
                record.ingest["on_failure_pipeline"] = record.failure.pipelines[0]
            record.failure = None
        self.run(failed, context)
        for record in failed:
            for name in ("message", "processor_type", "processor_tag", "pipeline"):
                record.ingest.pop(f"on_failure_{name}", None)

    def processors(self) -> list[Processor[Any]]:
        """Every processor, with those inside of others and those of failure handlers."""
        return [processor for each in self.links for processor in each.processors()]


def link(item: Mapping[str, Any], where: Where, known: Known) -> Link:
    """One `{name: options}` with its condition and its failure handler.

    Raises:
        Wrong: something is wrong with it.
    """
    name, kind, spec = read(item, known, where)
    place = where.at(name)
    problems: list[Problem] = []
    applies = on_failure = processor = None
    try:
        applies = None if spec.condition is None else Condition(spec.condition)
    except ValueError as error:
        answer = RestError(501, "not_implemented_exception", f"{error} [headpond]")
        problems.append(Problem(place.at("if"), "condition", str(error), answer=answer))
    if spec.on_failure == []:
        reason = "processors list cannot be empty"
        answer = parse_exception(reason, processor=name, tag=spec.tag, option="on_failure")
        problems.append(Problem(place.at("on_failure"), "invalid-value", f"[on_failure] {reason}", answer=answer))
    try:
        on_failure = Chain.build(spec.on_failure, place.at("on_failure"), known=known) if spec.on_failure else None
    except Wrong as error:
        problems += error.problems
    try:
        processor = kind.build(spec, place, known)
    except Wrong as error:
        problems += error.problems
    if problems or processor is None:
        raise Wrong(problems)
    return Link(processor, applies, on_failure)
