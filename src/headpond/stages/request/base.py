"""What every request processor has: its options, and a way to change what is searched for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.inference import QueryInference

Body = dict[str, Any]


class RequestProcessorSpec(BaseModel):
    """Options that every request processor has."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    description: str | None = Field(None, description="What the processor is for; nothing reads it.")
    tag: str | None = Field(None, description="A name for this processor in `degraded`.")


S = TypeVar("S", bound=RequestProcessorSpec)


@dataclass(slots=True)
class SearchRequest:
    """A search before it is sent.

    Attributes:
        body: the `_search` body; processors replace it or change copies of its parts, never a part in place that they
            did not make: it is the caller's.
        query: the text that is asked for; None when the body has none.
        inference: asks endpoints.
        deadline: of the whole search.
        template: fills a `_search` body with placeholders (`{{query}}`, `{{size}}`); without one, the pipeline's own
            `search`. Raises `PipelineError` when the pipeline has none.
        degraded: what could not be done.
        window: how many hits response processors want to see at least, the page's included.
    """

    body: Body
    query: str | None
    inference: QueryInference
    template: Callable[[Body | None, dict[str, Any]], Body]
    deadline: Deadline = field(default_factory=Deadline)
    degraded: list[Degraded] = field(default_factory=list)
    window: int = 0


class RequestProcessor(ABC, Generic[S]):
    """Changes a search before it is sent.

    Attributes:
        Spec: the options, checked when a pipeline is loaded.
        spec: this processor's options.
        name: where it stands, as in `request_processors[0].filter_query`.
    """

    Spec: ClassVar[type[RequestProcessorSpec]]

    def __init__(self, spec: S, name: str) -> None:
        self.spec = spec
        self.name = name

    @abstractmethod
    def process(self, request: SearchRequest) -> None:
        """Changes the request.

        Raises:
            HeadpondError: the search must not be sent as it is, as when a filter cannot be added. Anything else it
                raises leaves the request as it was and is said in `degraded`.
        """

    def endpoints(self) -> list[str]:
        """Inference endpoints the processor needs."""
        return []
