"""What every processor has: its options, and a way to run over a batch of records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from headpond.stages.inference import Embedder
from headpond.stages.record import Failure, Record


class ProcessorSpec(BaseModel):
    """Options that every processor has."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    description: str | None = Field(None, description="What the processor is for; nothing reads it.")
    tag: str | None = Field(None, description="A name for this processor in failures.")
    condition: str | None = Field(None, alias="if", description="Run only for records that meet this condition.")
    ignore_failure: bool = Field(False, description="Go on with a record for which this processor failed.")
    on_failure: list[dict[str, Any]] | None = Field(
        None, description="Processors that run for a record for which this one failed; it then goes on."
    )

    refused: ClassVar[Mapping[str, str]] = {}
    """Options that Elasticsearch has and this toolkit does not, with what to do instead."""


S = TypeVar("S", bound=ProcessorSpec)


@dataclass(frozen=True, slots=True)
class Context:
    """What processors are handed besides records.

    Attributes:
        embedder: asks endpoints.
        fingerprints: names the models behind endpoints, by endpoint; of one that is missing nothing is noted.
    """

    embedder: Embedder
    fingerprints: Mapping[str, str] = field(default_factory=dict)


class Processor(ABC, Generic[S]):
    """Changes a batch of records in place.

    Attributes:
        Spec: the options, checked when a pipeline is loaded.
        spec: this processor's options.
        name: where it stands, as in `processors[1].inference`.
    """

    Spec: ClassVar[type[ProcessorSpec]]

    def __init__(self, spec: S, name: str) -> None:
        self.spec = spec
        self.name = name

    @abstractmethod
    def run(self, records: Sequence[Record], context: Context) -> None:
        """Processes the batch; a record that fails is marked with `fail`, the others are not touched by it."""

    def fail(self, record: Record, error: str, attempts: int = 1) -> None:
        """Marks a record as failed here; the first failure stays."""
        if record.failure is None:
            record.failure = Failure(self.name, error, attempts, self.spec.tag)

    def endpoints(self) -> list[str]:
        """Inference endpoints the processor needs."""
        return []

    def outputs(self) -> list[tuple[str, str]]:
        """Fields that hold embeddings, each with the endpoint they come from."""
        return []


class RecordProcessor(Processor[S]):
    """A processor that looks at one record at a time."""

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Applies it to each record; whatever it raises fails that record only."""
        for record in records:
            try:
                self.apply(record)
            except ValueError as error:
                self.fail(record, str(error))
            except Exception as error:  # a fault of the processor must not cost the other records
                self.fail(record, f"{type(error).__name__}: {error}")

    @abstractmethod
    def apply(self, record: Record) -> None:
        """Changes one record.

        Raises:
            ValueError: the record cannot be processed; the text says why.
        """
