"""Runs another processor on each item of a list, or each member of an object.

The item is `_ingest._value` meanwhile, the member's key `_ingest._key`; both may be changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import Field, field_validator

from headpond.stages import chain, fields, java
from headpond.stages.ingest.base import Context, Processor, ProcessorSpec, failure
from headpond.stages.known import Known
from headpond.stages.record import Record
from headpond.stages.where import Where


class ForeachSpec(ProcessorSpec):
    """Options of `foreach`."""

    field: str = Field(description="The field that holds the list or the object.")
    processor: dict[str, Any] = Field(description="The processor, with its options.")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")

    @field_validator("processor")
    @classmethod
    def _is_one(cls, given: dict[str, Any]) -> dict[str, Any]:
        if len(given) != 1:
            raise ValueError("Must specify exactly one processor type")
        return given


@dataclass(slots=True)
class _Loop:
    """A record with what is still to be done of it."""

    record: Record
    todo: list[tuple[str | None, Any]]
    done: list[tuple[str | None, Any]] = field(default_factory=list)
    outer: dict[str, Any] = field(default_factory=dict)

    def enter(self) -> None:
        """Makes the next item the value."""
        ingest = self.record.ingest
        key, value = self.todo[len(self.done)]
        self.outer = {name: ingest.get(name) for name in ("_value", *(["_key"] if key is not None else []))}
        ingest["_value"] = value
        if key is not None:
            ingest["_key"] = key

    def leave(self) -> None:
        """Keeps what became of the item."""
        ingest = self.record.ingest
        self.done.append((ingest.get("_key") if "_key" in self.outer else None, ingest.get("_value")))
        ingest |= self.outer

    @property
    def over(self) -> bool:
        """Whether nothing is left to be done."""
        return not self.record.active or len(self.done) == len(self.todo)


class Foreach(Processor[ForeachSpec]):
    """Runs a processor on each item."""

    Spec = ForeachSpec
    _link: chain.Link

    @classmethod
    def build(cls, spec: ForeachSpec, where: Where, known: Known) -> Self:
        """As every processor, with the one inside read.

        Raises:
            Wrong: the processor inside is wrong.
        """
        made = cls(spec, where.path)
        made._link = chain.link(spec.processor, where.at("processor"), known)
        return made

    def inner(self) -> Sequence[Processor[Any]]:
        """The processor that is run on each item, with its failure handlers."""
        return self._link.processors()

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Takes the first items of all records together, then the second ones, and so on."""
        loops = []
        for record in records:
            try:
                loop = self._loop(record)
            except ValueError as error:
                self.fail(record, str(error))
                continue
            if loop is not None:
                loops.append(loop)
        going = [loop for loop in loops if not loop.over]
        while going:
            for loop in going:
                loop.enter()
            traces = [loop.record.trace for loop in going]
            for loop in going:
                loop.record.trace = None
            self._link.run([loop.record for loop in going], context)
            for loop, trace in zip(going, traces, strict=True):
                loop.record.trace = trace
                loop.leave()
                self._adopt(loop.record)
            going = [loop for loop in going if not loop.over]
        for loop in loops:
            if loop.record.active:
                self._write(loop)

    def _loop(self, record: Record) -> _Loop | None:
        spec = self.spec
        value = fields.get(record, spec.field, missing_ok=spec.ignore_missing)
        if value is None:
            if spec.ignore_missing:
                return None
            raise ValueError(f"field [{spec.field}] is null, cannot loop over its elements.")
        if isinstance(value, list):
            return _Loop(record, [(None, item) for item in value])
        if isinstance(value, dict):
            return _Loop(record, list(value.items()))
        kind = java.type_name(value)
        raise ValueError(f"field [{spec.field}] of type [{kind}] cannot be cast to a list or map")

    def _write(self, loop: _Loop) -> None:
        value: Any = [item for _, item in loop.done]
        if loop.todo and loop.todo[0][0] is not None:
            value = {key: item for key, item in loop.done if isinstance(key, str) and key.strip()}
        elif not loop.todo:
            value = fields.get(loop.record, self.spec.field)
        try:
            fields.put(loop.record, self.spec.field, value)
        except ValueError as error:
            self.fail(loop.record, str(error))

    def _adopt(self, record: Record) -> None:
        """A failure of the processor itself is this one's; one of its failure handler is not."""
        failed = record.failure
        if failed is not None and failed.cause is not None and self._link.on_failure is None:
            record.failure = failure(failed.stage, self.type, self.spec.tag, record, failed.cause, failed.attempts)
