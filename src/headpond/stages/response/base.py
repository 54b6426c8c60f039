"""What every response processor has: its options, and a way to change the hits of an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from headpond.stages.inference import Reranker


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


@dataclass(frozen=True, slots=True)
class Degraded:
    """A stage that could not do its work; the answer is the one from before it.

    Attributes:
        stage: which one, as in `response_processors[0].rerank`.
        reason: why.
        spent_ms: how long it tried.
    """

    stage: str
    reason: str
    spent_ms: int

    def to_json(self) -> dict[str, Any]:
        """`{"stage", "reason", "spent_ms"}`, as answers carry it."""
        return {"stage": self.stage, "reason": self.reason, "spent_ms": self.spent_ms}


@dataclass(slots=True)
class Results:
    """The hits of one search, best first, and what is known about it.

    Attributes:
        hits: as in an answer's `hits.hits`; processors reorder and annotate them.
        query: the text that was asked for; None when the query has none.
        reranker: scores texts.
        degraded: what could not be done.
    """

    hits: list[Hit]
    query: str | None
    reranker: Reranker
    degraded: list[Degraded] = field(default_factory=list)


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
