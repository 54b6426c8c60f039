"""What every processor has: its options, and a way to run over a batch of records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from headpond.errors import RestError
from headpond.stages.code import code_of
from headpond.stages.inference import Embedder, TokensOf
from headpond.stages.record import Failure, Record
from headpond.stages.where import Where

if TYPE_CHECKING:
    from headpond.stages.ingest_pipeline import IngestPipeline
    from headpond.stages.known import Known


class ProcessorSpec(BaseModel):
    """Options that every processor has."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True)

    description: str | None = Field(None, description="What the processor is for; nothing reads it.")
    tag: str | None = Field(None, description="A name for this processor in failures.")
    condition: str | dict[str, Any] | None = Field(
        None, alias="if", description="Run only for records that meet this condition, written in Painless."
    )
    ignore_failure: bool = Field(False, description="Go on with a record for which this processor failed.")
    on_failure: list[dict[str, Any]] | None = Field(
        None, description="Processors that run for a record for which this one failed; it then goes on."
    )

    refused: ClassVar[Mapping[str, str]] = {}
    """Options that Elasticsearch has and this toolkit does not, with what to do instead."""


S = TypeVar("S", bound=ProcessorSpec)


def wrong_option(name: str, reason: str) -> NoReturn:
    """Refuses an option, from a validator that looks at several of them.

    Args:
        name: the option that Elasticsearch names.
        reason: Elasticsearch's text.

    Raises:
        PydanticCustomError: always; it carries the name for the node's error body.
    """
    raise PydanticCustomError("option", "{reason}", {"reason": reason, "property": name})


@dataclass(frozen=True, slots=True)
class Context:
    """What processors are handed besides records.

    Attributes:
        embedder: asks inference endpoints.
        fingerprints: names the models behind endpoints, by endpoint; of one that is missing nothing is noted.
        pipelines: gives a named pipeline, for `pipeline` processors.
        tokens: gives a local model's way to count tokens, for `chunk`; None where there are no models.
        count: adds to a count of the job (`cut_inputs`).
    """

    embedder: Embedder
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    pipelines: Callable[[str], IngestPipeline | None] = lambda name: None
    tokens: TokensOf | None = None
    count: Callable[[str, int], None] = lambda name, amount: None


class Processor(ABC, Generic[S]):
    """Changes a batch of records in place.

    Attributes:
        Spec: the options, checked when a pipeline is loaded.
        elasticsearch: whether Elasticsearch has this processor, so that a pipeline with it can be installed there; of
            one that is not headpond's own False, unless it says otherwise.
        traces_itself: whether it notes in a record's trace what it did.
        spec: this processor's options.
        name: where it stands, as in `processors[1].inference`.
    """

    Spec: ClassVar[type[ProcessorSpec]]
    elasticsearch: ClassVar[bool] = True
    traces_itself: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not cls.__module__.startswith("headpond.") and "elasticsearch" not in cls.__dict__:
            cls.elasticsearch = False

    def __init__(self, spec: S, name: str) -> None:
        self.spec = spec
        self.name = name

    @classmethod
    def build(cls, spec: S, where: Where, known: Known) -> Self:
        """A processor from checked options; those that hold other processors read them here.

        Args:
            spec: the options.
            where: their place.
            known: what processors inside of this one may be.

        Raises:
            Wrong: a processor inside of this one is wrong.
        """
        return cls(spec, where.path)

    @property
    def type(self) -> str:
        """The processor's name, as in `set`."""
        return self.name.rpartition(".")[2]

    @abstractmethod
    def run(self, records: Sequence[Record], context: Context) -> None:
        """Processes the batch; a record that fails is marked with `fail`, the others are not touched by it."""

    def fail(self, record: Record, error: str | RestError, attempts: int = 1) -> None:
        """Marks a record as failed here; the first failure stays.

        Args:
            record: the record.
            error: Elasticsearch's error; a text stands for an `illegal_argument_exception`.
            attempts: how often it was tried.
        """
        if record.failure is None:
            record.failure = failure(self.name, self.type, self.spec.tag, record, error, attempts)

    def endpoints(self) -> list[str]:
        """Inference endpoints the processor needs."""
        return []

    def outputs(self) -> list[tuple[str, str]]:
        """Fields that hold embeddings, each with the endpoint they come from."""
        return []

    def inner(self) -> Sequence[Processor[Any]]:
        """Processors inside of this one, with those of their failure handlers."""
        return ()

    def fingerprint(self) -> str:
        """What changes when its code does, for processors whose code is not this toolkit's; else empty."""
        return "" if type(self).__module__.startswith("headpond.") else code_of(type(self))


def failure(
    stage: str, type: str, tag: str | None, record: Record, error: str | RestError, attempts: int = 1
) -> Failure:
    """What is kept of an error."""
    cause = RestError(400, "illegal_argument_exception", error) if isinstance(error, str) else error
    reasons = [cause.reason]
    deeper = cause.caused_by
    while deeper is not None:
        reasons.append(deeper.reason)
        deeper = deeper.caused_by
    pipelines = tuple(reversed(record.pipelines))
    return Failure(stage, ": ".join(dict.fromkeys(reasons)), attempts, tag, type, pipelines, cause)


class RecordProcessor(Processor[S]):
    """A processor that looks at one record at a time."""

    def run(self, records: Sequence[Record], context: Context) -> None:
        """Applies it to each record; whatever it raises fails that record only."""
        for record in records:
            try:
                self.apply(record)
            except RestError as error:
                self.fail(record, error)
            except ValueError as error:
                self.fail(record, str(error))
            except RecursionError:
                self.fail(record, "the document is nested too deep")
            except Exception as error:  # a fault of the processor must not cost the other records
                self.fail(record, RestError(500, "exception", f"{type(error).__name__}: {error}"))

    @abstractmethod
    def apply(self, record: Record) -> None:
        """Changes one record.

        Raises:
            ValueError: the record cannot be processed; the text says why.
            RestError: likewise, where Elasticsearch's error has another type than `illegal_argument_exception`.
        """
