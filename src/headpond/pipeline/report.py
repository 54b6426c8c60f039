"""What a job did, in numbers that add up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headpond.errors import JobError
from headpond.pipeline.budget import Budget, Spent
from headpond.pipeline.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class InferenceUse:
    """What a job asked of inference endpoints.

    Attributes:
        requests: calls made, those made again included; the one that asks for dimensions counts too.
        inputs: texts that were sent and embedded.
        tokens: what those cost; None when an endpoint does not say.
        cached: texts that were not sent: embedded before by the same model, or the same as another one in the batch.
        retries: calls that were made again after a passing failure.
        throttled: calls that were refused because there were too many.
    """

    requests: int = 0
    inputs: int = 0
    tokens: int | None = 0
    cached: int = 0
    retries: int = 0
    throttled: int = 0

    def to_json(self) -> dict[str, Any]:
        """An object with the attributes."""
        return {
            name: getattr(self, name) for name in ("requests", "inputs", "tokens", "cached", "retries", "throttled")
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a job. `read` is always `indexed + unchanged + dead_lettered`.

    Attributes:
        read: records taken from the sources whose fate is known. After an interruption, records that were read but had
            not come to an end are not counted: the next run reads them again.
        indexed: written to the index.
        unchanged: the index was left as it was, on purpose: what it holds is up to date, or a `drop` processor said so.
        dropped: how many of `unchanged` a `drop` processor left out.
        dead_lettered: could not be indexed; the file `dead_letters` holds each with the reason.
        inference: what endpoints were asked.
        seconds: wall time.
        index: the index written to.
        dead_letters: the file; None when it was not needed.
        complete: whether the sources were read to their end.
        resumed: how many of `read` earlier runs of the job had settled.
        spent: what each endpoint was asked in this run.
        cost: of this run; None when no endpoint has a price.
        currency: of the cost.
        cut_inputs: passages that a `chunk` with a `model` made and that are longer than this model reads, so that it
            cuts them.
    """

    read: int
    indexed: int
    unchanged: int
    dropped: int
    dead_lettered: int
    inference: InferenceUse
    seconds: float
    index: str
    dead_letters: Path | None = None
    complete: bool = True
    resumed: int = 0
    spent: Mapping[str, Spent] = field(default_factory=dict)
    cost: float | None = None
    currency: str | None = None
    cut_inputs: int = 0

    def to_json(self) -> dict[str, Any]:
        """The report as `headpond ingest --report` writes it."""
        return {
            "read": self.read,
            "indexed": self.indexed,
            "unchanged": self.unchanged,
            "dead_lettered": self.dead_lettered,
            "inference": self.inference.to_json(),
            "seconds": round(self.seconds, 3),
            "dropped": self.dropped,
            "cut_inputs": self.cut_inputs,
            "index": self.index,
            "dead_letters": str(self.dead_letters) if self.dead_letters else None,
            "complete": self.complete,
            "resumed": self.resumed,
            "spent": {name: one.to_json() for name, one in self.spent.items()},
            "cost": None if self.cost is None else round(self.cost, 6),
            "currency": self.currency,
        }


class IngestStoppedError(JobError):
    """A job ended before its input did; `report` says how far it came.

    Everything counted there is safe; run the same command again to go on.
    """

    report: Report


class IngestInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a job cleanly; `report` says how far it came, and the same command goes on from there.

    After a second Ctrl-C it is `forced`: threads that wait for an answer were left to themselves.
    """

    report: Report
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a job is.

    Attributes:
        taken: records taken from the sources so far, finished or not.
        indexed: as in the report.
        unchanged: as in the report.
        dead_lettered: as in the report.
        inference: as in the report.
        seconds: since the start.
        fraction: how much of the sources has been read, 0 to 1; None when unknown.
        done: whether this is the last snapshot.
        resumed: as in the report.
        concurrency: requests at a time that each endpoint gets now.
        cost: as in the report, so far.
        currency: as in the report.
    """

    taken: int
    indexed: int
    unchanged: int
    dead_lettered: int
    inference: InferenceUse
    seconds: float
    fraction: float | None
    done: bool = False
    resumed: int = 0
    concurrency: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = None
    currency: str | None = None


OnProgress = Callable[[Snapshot], None]
_KEPT = frozenset(
    {
        "indexed", "unchanged", "dropped", "dead_lettered",
        "requests", "inputs", "tokens", "cached", "retries", "throttled",
    }
)  # fmt: skip


@dataclass(slots=True)
class Counters:
    """Counts of a running job, shared by its threads."""

    taken: int = 0
    indexed: int = 0
    unchanged: int = 0
    dropped: int = 0
    dead_lettered: int = 0
    requests: int = 0
    inputs: int = 0
    tokens: int | None = 0
    cached: int = 0
    retries: int = 0
    throttled: int = 0
    resumed: int = 0
    concurrency: Callable[[], Mapping[str, int]] = dict
    budget: Budget = field(default_factory=Budget)
    telemetry: Telemetry = field(default_factory=Telemetry)
    cut_inputs: int = 0
    started: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def go_on(self, counts: Mapping[str, int], inference: Mapping[str, int | None]) -> None:
        """Begins with what earlier runs of the job have settled and asked for."""
        for name, amount in {**counts, **inference}.items():
            if name in _KEPT:
                setattr(self, name, amount)
        self.taken = self.resumed = self.settled

    def add(self, **amounts: int) -> None:
        """Adds to counts by name."""
        with self._lock:
            for name, amount in amounts.items():
                setattr(self, name, getattr(self, name) + amount)

    def add_tokens(self, tokens: int | None) -> None:
        """Adds tokens; once they are unknown for one call, the sum is unknown."""
        with self._lock:
            self.tokens = None if tokens is None or self.tokens is None else self.tokens + tokens

    @property
    def settled(self) -> int:
        """Records whose fate is known."""
        return self.indexed + self.unchanged + self.dead_lettered

    def inference(self) -> InferenceUse:
        """What endpoints were asked so far."""
        with self._lock:
            return InferenceUse(self.requests, self.inputs, self.tokens, self.cached, self.retries, self.throttled)

    def snapshot(self, fraction: float | None, *, done: bool = False) -> Snapshot:
        """How far the job is."""
        inference = self.inference()
        with self._lock:
            return Snapshot(
                self.taken, self.indexed, self.unchanged, self.dead_lettered, inference,
                time.monotonic() - self.started, fraction, done, self.resumed, self.concurrency(),
                self.budget.cost(), self.budget.currency,
            )  # fmt: skip

    def report(self, index: str, dead_letters: Path | None, *, complete: bool) -> Report:
        """The report; call it when all threads have ended.

        Raises:
            JobError: the counts do not add up, which is a fault of this toolkit.
        """
        # Records that were on their way when the job ended early are not counted: the next run reads them again.
        read = self.taken if complete else self.settled
        if read != self.settled:
            raise JobError(f"the counts do not add up: {read} read, {self.settled} settled; please report this")
        return Report(
            read, self.indexed, self.unchanged, self.dropped, self.dead_lettered, self.inference(),
            time.monotonic() - self.started, index, dead_letters, complete, self.resumed,
            self.budget.spent(), self.budget.cost(), self.budget.currency, self.cut_inputs,
        )  # fmt: skip
