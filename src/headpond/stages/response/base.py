"""What every response processor has: its options, and a way to change the hits of an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.inference import QueryInference


class ResponseProcessorSpec(BaseModel):
    """Options that every response processor has."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    description: str | None = Field(None, description="What the processor is for; nothing reads it.")
    tag: str | None = Field(None, description="A name for this processor in `degraded`.")


S = TypeVar("S", bound=ResponseProcessorSpec)
Hit = dict[str, Any]


def as_json(score: float | np.float32) -> float:
    """A 32-bit score with the shortest decimal form, as Elasticsearch prints it."""
    return float(str(np.float32(score)))


@dataclass(slots=True)
class Results:
    """The hits of one search, best first, and what is known about it.

    Attributes:
        hits: as in an answer's `hits.hits`; processors reorder, annotate and remove them.
        query: the text that was asked for; None when the query has none.
        inference: asks endpoints.
        deadline: of the whole search; a processor takes its own part with `deadline.within(seconds)`.
        size: how many hits, from the first, whoever asked will see at most (`from` + `size`); the answer is cut to them
            after the last processor.
        start: how many of the first hits are before the page (`from`).
        window: as many hits as the processors want to see on every page; there are more when the page lies behind.
        degraded: what could not be done.
        ext: what processors add to the answer beside its hits, under `ext`, as OpenSearch's search pipelines do.
        on_piece: takes the pieces of a text that is written for the answer while it comes; None when nobody waits.
    """

    hits: list[Hit]
    query: str | None
    inference: QueryInference
    deadline: Deadline = field(default_factory=Deadline)
    size: int = 10
    start: int = 0
    window: int = 0
    degraded: list[Degraded] = field(default_factory=list)
    ext: dict[str, Any] = field(default_factory=dict)
    on_piece: Callable[[str], None] | None = None


def note_ranks(hits: Sequence[Hit]) -> None:
    """Gives hits `_headpond.rank_before` (from 1) and `score_before`, where no earlier stage has."""
    for rank, hit in enumerate(hits, 1):
        hit["_headpond"] = {"rank_before": rank, "score_before": hit.get("_score"), **hit.get("_headpond", {})}


class ResponseProcessor(ABC, Generic[S]):
    """Changes the hits of an answer.

    Attributes:
        Spec: the options, checked when a pipeline is loaded.
        spec: this processor's options.
        name: where it stands, as in `response_processors[0].rerank`.
    """

    Spec: ClassVar[type[ResponseProcessorSpec]]

    def __init__(self, spec: S, name: str) -> None:
        self.spec = spec
        self.name = name

    @abstractmethod
    def process(self, results: Results) -> None:
        """Changes the results in place. Never raises for what an endpoint does; it adds to `degraded` instead."""

    @property
    def window(self) -> int:
        """How many hits of the stage before it wants to see; 0 for as many as were asked for."""
        return 0

    def endpoints(self) -> list[str]:
        """Inference endpoints the processor needs."""
        return []

    def fields(self) -> list[str]:
        """Fields it reads from `_source`."""
        return []

    def vectors(self) -> list[str]:
        """Vector fields it wants to find in the `fields` of hits, because `_source` leaves them out.

        They are asked for with every search, and taken out of the answer again.
        """
        return []
