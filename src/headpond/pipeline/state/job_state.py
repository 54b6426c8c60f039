"""What is known of a job: the document that the target keeps of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from headpond.pipeline.identity import canonical
from headpond.pipeline.sources.base import Source
from headpond.pipeline.sources.cluster import PREFIX
from headpond.pipeline.state.prefix import Place, Settled

RUNNING, COMPLETE, INTERRUPTED, STOPPED = "running", "complete", "interrupted", "stopped"


def now() -> str:
    """The time as an Elasticsearch `date`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class JobState:
    """A job and how far it is.

    Attributes:
        id: the document's id: a hash of all that makes the job this one.
        pipeline: its name.
        file: the pipeline's file; empty for one that was given in Python.
        index: the index it writes to.
        index_uuid: tells that index from a later one of the same name.
        sources: what each source is, see `Source.identity`, and `given`, what it was called.
        id_field: the field that holds ids; None for `_id` or a hash.
        state: `running`, `complete`, `interrupted` (Ctrl-C) or `stopped` (an error).
        host: the machine that runs or ran it.
        pid: the process there.
        run: a name of its own for every run of the job.
        started: when the job began, however many runs ago.
        updated: the last sign of life.
        position: the place of the last record of those that are settled; None before the first.
        counts: how those ended.
        inference: what endpoints were asked in all runs; what a killed run asked in its last seconds is missing.
        dead_letters: the `host` and the `path` of their file.
        message: why it ended early.
        resumes: whether this run began where an earlier one had ended.
    """

    id: str
    pipeline: str
    file: str
    index: str
    index_uuid: str
    sources: Sequence[Mapping[str, Any]]
    id_field: str | None = None
    state: str = RUNNING
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    run: str = field(default_factory=lambda: uuid4().hex)
    started: str = field(default_factory=now)
    updated: str = field(default_factory=now)
    position: Mapping[str, Any] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    inference: Mapping[str, int | None] = field(default_factory=dict)
    dead_letters: Mapping[str, str] | None = None
    message: str | None = None
    resumes: bool = False

    @property
    def settled(self) -> Settled:
        """How far it is."""
        return Settled(dict(self.counts), Place(**self.position) if self.position else None)

    def going_on(self, earlier: JobState) -> Self:
        """This run, begun where an earlier one ended."""
        return replace(
            self,
            started=earlier.started,
            position=earlier.position,
            counts=earlier.counts,
            inference=earlier.inference,
            dead_letters=earlier.dead_letters,
            resumes=True,
        )

    def to_json(self) -> dict[str, Any]:
        """The document; the id is not in it."""
        document = asdict(self)
        del document["id"]
        return document

    @classmethod
    def from_json(cls, id: str, document: Mapping[str, Any]) -> Self:
        """Reads a document; fields of other versions are passed over.

        Raises:
            TypeError: a field is missing.
        """
        known = {one.name for one in fields(cls)} - {"id"}
        return cls(id=id, **{name: value for name, value in document.items() if name in known})


def describe_sources(sources: Sequence[Source]) -> list[dict[str, Any]] | None:
    """What the sources of a job are; None when one of them cannot be told before it is read."""
    found = []
    for source in sources:
        identity = source.identity()
        if identity is None:
            return None
        found.append({**identity, "given": _absolute(source.name)})
    return found


def job_id(
    pipeline: str, identity: bytes, index: str, sources: Sequence[Mapping[str, Any]], id_field: str | None
) -> str:
    """The same for the same work, on whatever machine: pipeline, models, index, and the content of the sources."""
    content = [{name: value for name, value in source.items() if name != "given"} for source in sources]
    work = {"pipeline": pipeline, "does": identity.hex(), "index": index, "sources": content, "id_field": id_field}
    return blake2b(canonical(work), digest_size=12).hexdigest()


def _absolute(name: str) -> str:
    return name if "://" in name or name.startswith(PREFIX) else str(Path(name).absolute())
