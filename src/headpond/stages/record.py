"""One record on its way through the processors."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from headpond.errors import RestError
from headpond.stages import java


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record stopped.

    Attributes:
        stage: the processor that failed, as in `processors[1].inference`.
        error: what it said, with the causes.
        attempts: how often it was tried.
        tag: the processor's `tag`, for `_ingest.on_failure_processor_tag`.
        processor: the processor's type, for `_ingest.on_failure_processor_type`.
        pipelines: the pipelines it ran in, the innermost first.
        cause: Elasticsearch's error for it; None for failures outside of processors.
    """

    stage: str
    error: str
    attempts: int = 1
    tag: str | None = None
    processor: str = ""
    pipelines: tuple[str, ...] = ()
    cause: RestError | None = None

    @property
    def root_message(self) -> str:
        """The text of the innermost cause, which is what `_ingest.on_failure_message` holds."""
        if self.cause is None:
            return self.error
        cause = self.cause
        while cause.caused_by is not None:
            cause = cause.caused_by
        return cause.reason


@dataclass(slots=True)
class Record:
    """A document, where it came from, and what became of it.

    Attributes:
        document: what will be indexed; processors change it in place.
        id: the document's `_id` as it was read; `metadata` holds the one it is written with.
        routing: the document's `_routing` as it was read; None when it has none. `metadata` holds the one it is written
            with.
        source: the name of what it was read from.
        line: its line there, from 1; None where there are no lines.
        number: its place among all records of a job, from 0.
        raw: the record as it was read, JSON on one line; a dead letter holds it.
        fields_at: where the document's fields begin in `raw`, behind the `_id`; 0 when they are in `document`. In a job
            without processors nobody needs them, so that they are neither kept nor written anew.
        digest: what the record and the pipeline look like, see `headpond.pipeline.identity`.
        inputs: for every field with vectors the digests of what they were made from, in the order of the vectors, see
            `headpond.stages.inference.digest`.
        replaces: digests of the documents that this one may take the place of, as far as they are known; `""` stands
            for one without a digest.
        contended: whether another record with the same id is still on its way, so the index cannot be asked about it.
        dropped: whether a `drop` processor took it out on purpose.
        left: whether it is left to the next run, because the job ended before all of its inputs were asked.
        terminated: whether a `terminate` processor ended the pipeline it is in.
        failure: set when a processor failed.
        metadata: `_id`, `_index`, `_routing` and their like, which processors may read and write.
        ingest: Elasticsearch's `_ingest` metadata.
        pipelines: the pipelines it is in, the outermost first.
        flexible: whether the current pipeline finds keys with dots (`field_access_pattern: flexible`).
        trace: what each processor did, for `_simulate?verbose`; None keeps no track.
    """

    document: dict[str, Any]
    id: str = ""
    routing: str | None = None
    source: str = ""
    line: int | None = None
    number: int = 0
    raw: bytes = b""
    fields_at: int = 0
    digest: str = ""
    inputs: dict[str, list[str]] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()
    contended: bool = False
    dropped: bool = False
    left: bool = False
    terminated: bool = False
    failure: Failure | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    ingest: dict[str, Any] = field(default_factory=dict)
    pipelines: list[str] = field(default_factory=list)
    flexible: bool = False
    trace: list[dict[str, Any]] | None = None

    @property
    def active(self) -> bool:
        """Whether the next processor should see it."""
        return self.failure is None and not (self.dropped or self.left or self.terminated)

    @property
    def root(self) -> Root:
        """The fields and the metadata as one object, as conditions (`ctx`) and paths see them."""
        return Root(self)

    def copied(self) -> Record:
        """A record of its own to try something on, without a trace."""
        return Record(
            deepcopy(self.document), self.id, metadata=dict(self.metadata), ingest=deepcopy(self.ingest),
            pipelines=list(self.pipelines), flexible=self.flexible,
        )  # fmt: skip


def timestamp() -> str:
    """Now, as `_ingest.timestamp` shows it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


_TEXTS = ("_index", "_id", "_routing", "_version_type")
_NUMBERS = ("_version", "_if_seq_no", "_if_primary_term")
METADATA = frozenset({*_TEXTS, *_NUMBERS, "_dynamic_templates", "_type"})
_VERSION_TYPES = ("internal", "external", "external_gte")


class Root(MutableMapping[str, Any]):
    """The document's fields together with its metadata; writing metadata checks its type as Elasticsearch does.

    Args:
        record: the record.
    """

    __slots__ = ("_document", "_metadata")

    def __init__(self, record: Record) -> None:
        self._document = record.document
        self._metadata = record.metadata

    def __getitem__(self, key: str) -> Any:
        return self._metadata[key] if key in METADATA else self._document[key]

    def __contains__(self, key: object) -> bool:
        return key in (self._metadata if key in METADATA else self._document)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in METADATA:
            _check(key, value)
            self._metadata[key] = value
        else:
            self._document[key] = value

    def __delitem__(self, key: str) -> None:
        if key in METADATA:
            if key in ("_version", "_type"):
                raise ValueError(f"{key} cannot be removed")
            del self._metadata[key]
        else:
            del self._document[key]

    def __iter__(self) -> Iterator[str]:
        yield from self._metadata
        yield from self._document

    def __len__(self) -> int:
        return len(self._metadata) + len(self._document)


def _check(key: str, value: Any) -> None:
    """Refuses metadata of the wrong type, with the texts of Elasticsearch's `Metadata.FieldProperty`."""
    if key == "_type":
        raise ValueError("_type cannot be updated")
    if value is None:
        if key == "_version":
            raise ValueError("_version cannot be null")
        return
    wanted, fits = "java.util.Map", isinstance(value, dict)
    if key in _TEXTS:
        wanted, fits = "java.lang.String", isinstance(value, str)
    elif key in _NUMBERS:
        wanted, fits = "java.lang.Number", isinstance(value, int | float) and not isinstance(value, bool)
    kind = java.type_name(value)
    if not fits:
        shown = f"{key} [{java.text(value)}] is wrong type, expected assignable to [{wanted}]"
        raise ValueError(f"{shown}, not [{kind}]")
    if key == "_version_type" and value not in _VERSION_TYPES:
        listed = ", ".join(_VERSION_TYPES)
        raise ValueError(f"{key} must be a null or one of [{listed}] but was [{value}] with type [{kind}]")
    if key in _NUMBERS and value != int(value):
        raise ValueError(f"{key} may only be set to an int or a long but was [{java.text(value)}] with type [{kind}]")
