"""How endpoints are called."""

from __future__ import annotations

from dataclasses import dataclass, field

from headpond.pipeline.retry import Retry


@dataclass(frozen=True, slots=True)
class Pace:
    """How endpoints are called. What is None is taken from the endpoint, see `headpond.pipeline.pace.limits`.

    Attributes:
        inputs: texts in a request at most.
        tokens: tokens in a request at most, estimated (one longer text goes alone).
        requests_per_minute: of all processes on this machine together.
        tokens_per_minute: likewise.
        concurrency: requests at a time at most; how many there are is found out while the job runs.
        timeout: how long the target may take for one, Elasticsearch time units.
        retry: what happens after failures.
        patience: seconds that a request which is throttled again and again is held back, before it is asked who is to
            blame: the endpoint, which ends the job, or a text, which is dead-lettered.
    """

    inputs: int | None = None
    tokens: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    concurrency: int = 32
    timeout: str = "120s"
    retry: Retry = field(default_factory=Retry)
    patience: float = 900.0
