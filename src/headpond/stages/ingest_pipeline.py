"""A named chain of processors with what happens when it fails: Elasticsearch's ingest pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headpond.errors import RestError
from headpond.stages.chain import Chain, Link
from headpond.stages.ingest.base import Context, Processor
from headpond.stages.record import Record, timestamp

DEEPEST = 100
"""How many pipelines a record may be in at a time, as in Elasticsearch."""


@dataclass(frozen=True, slots=True)
class IngestPipeline:
    """A pipeline.

    Attributes:
        name: its id.
        chain: what it does.
        on_failure: what it does with records for which a processor failed and had no handler; it ends there for them.
        flexible: whether keys with dots are found (`field_access_pattern: flexible`).
        pipelines: those of the same file that it may call by name.
    """

    name: str
    chain: Chain
    on_failure: Chain | None = None
    flexible: bool = False
    pipelines: Mapping[str, IngestPipeline] = field(default_factory=dict)

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Runs over the batch; records that fail or are dropped say so."""
        if not self.chain.links:
            return
        if self.pipelines:
            context = replace(context, pipelines=self.pipelines.get)
        before = {}
        for record in records:
            record.ingest.setdefault("timestamp", timestamp())
            before[id(record)] = (record.ingest.get("pipeline"), record.flexible)
            record.pipelines.append(self.name)
            record.ingest["pipeline"] = self.name
            record.flexible = self.flexible
        self.chain.run(records, context)
        failed = [record for record in records if record.failure is not None]
        if failed and self.on_failure is not None:
            self.on_failure.handle(failed, context)
        for record in records:
            outer, record.flexible = before[id(record)]
            record.pipelines.pop()
            record.terminated = False
            record.ingest.pop("pipeline", None)
            if outer is not None:
                record.ingest["pipeline"] = outer

    def alone(self, link: Link) -> IngestPipeline:
        """One of its processors as a pipeline, to see what it does by itself."""
        return replace(self, chain=Chain((link,)), on_failure=None)

    def refusal(self, record: Record) -> RestError | None:
        """Why a record cannot enter: it is in here already, or in too many."""
        if len(record.pipelines) >= DEEPEST:
            reason = f"Too many nested pipelines. Cannot have more than {DEEPEST} nested pipelines"
            return RestError(500, "graph_structure_exception", reason)
        if self.name in record.pipelines:
            return RestError(500, "graph_structure_exception", f"Cycle detected for pipeline: {self.name}")
        return None

    def processors(self) -> list[Processor[Any]]:
        """Every processor, with those of failure handlers and of the pipelines that may be called."""
        found = self.chain.processors()
        if self.on_failure is not None:
            found += self.on_failure.processors()
        for called in self.pipelines.values():
            found += called.processors()
        return found

    def endpoints(self) -> list[str]:
        """Endpoints the processors need, in order, each once."""
        return list(dict.fromkeys(name for processor in self.processors() for name in processor.endpoints()))

    def outputs(self) -> list[tuple[str, str]]:
        """Fields that hold embeddings, each with the endpoint they come from."""
        return [output for processor in self.processors() for output in processor.outputs()]
