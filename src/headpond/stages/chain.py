"""Processors one after the other, with Elasticsearch's `if`, `ignore_failure` and `on_failure`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headpond.stages import condition
from headpond.stages.ingest import PROCESSORS
from headpond.stages.ingest.base import Context, Processor
from headpond.stages.options import read
from headpond.stages.record import Record
from headpond.stages.where import Where


@dataclass(frozen=True, slots=True)
class Link:
    """One processor of a chain.

    Attributes:
        processor: does the work.
        applies: its `if`; None for every record.
        on_failure: what runs for records that fail in it; None when there is no handler.
    """

    processor: Processor[Any]
    applies: condition.Condition | None
    on_failure: Chain | None


@dataclass(frozen=True, slots=True)
class Chain:
    """Processors in the order they run."""

    links: tuple[Link, ...]

    @classmethod
    def build(cls, items: Sequence[Mapping[str, Any]], where: Where, *, first: int = 0) -> Chain:
        """Builds the chain of a pipeline file's `processors`.

        Args:
            items: `{name: options}` each.
            where: the list's place in its file, for errors.
            first: the place of the first item in that list.

        Raises:
            Wrong: a name or an option is wrong; says which, where, and the nearest valid one.
        """
        return cls(tuple(_link(item, where.at(index)) for index, item in enumerate(items, first)))

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Runs all processors over the batch. Failed and dropped records are passed over by the rest."""
        for link in self.links:
            todo = [record for record in records if record.active and _applies(link, record)]
            if not todo:
                continue
            link.processor.run(todo, context)
            failed = [record for record in todo if record.failure is not None]
            if failed:
                _handle(link, failed, context)

    def endpoints(self) -> list[str]:
        """Endpoints the processors need, in order, each once."""
        names: dict[str, None] = {}
        for link in self.links:
            names |= dict.fromkeys(link.processor.endpoints())
            if link.on_failure is not None:
                names |= dict.fromkeys(link.on_failure.endpoints())
        return list(names)

    def outputs(self) -> list[tuple[str, str]]:
        """Fields that hold embeddings, each with the endpoint they come from."""
        found = []
        for link in self.links:
            found += link.processor.outputs()
            if link.on_failure is not None:
                found += link.on_failure.outputs()
        return found


def _link(item: Mapping[str, Any], where: Where) -> Link:
    name, kind, spec = read(item, PROCESSORS, where)
    place = where.at(name)
    applies = on_failure = None
    if spec.condition is not None:
        try:
            applies = condition.parse(spec.condition)
        except ValueError as error:
            raise place.at("if").error(str(error)) from None
    if spec.on_failure is not None:
        on_failure = Chain.build(spec.on_failure, place.at("on_failure"))
    return Link(kind(spec, place.path), applies, on_failure)


def _applies(link: Link, record: Record) -> bool:
    return link.applies is None or link.applies(record)


def _handle(link: Link, failed: list[Record], context: Context) -> None:
    if link.processor.spec.ignore_failure:
        for record in failed:
            record.failure = None
        return
    if link.on_failure is None:
        return
    for record in failed:
        assert record.failure is not None
        record.ingest |= {
            "on_failure_message": record.failure.error,
            "on_failure_processor_type": link.processor.name.rpartition(".")[2],
            "on_failure_processor_tag": record.failure.tag,
        }
        record.failure = None
    link.on_failure.run(failed, context)
