"""What a pipeline file says, checked and with its stages built; no target and no environment has a part in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.known import OURS, Known
from headpond.stages.request.base import RequestProcessor
from headpond.stages.response.base import ResponseProcessor
from headpond.stages.time_span import TimeSpan
from headpond.stages.where import Where


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class EndpointBody(_Section):
    """The body of `PUT _inference/<task_type>/<id>`, with its task type."""

    task_type: Literal["text_embedding", "sparse_embedding", "rerank", "completion"] = Field(
        description="What the endpoint does."
    )
    service: str = Field(description="Elasticsearch's name of the service, as in `openai`, `elasticsearch` or `fake`.")
    service_settings: dict[str, Any] = Field(
        default_factory=dict, description="The service's settings; write secrets as `${NAME}`."
    )
    task_settings: dict[str, Any] = Field(default_factory=dict, description="Defaults of the endpoint's requests.")
    chunking_settings: dict[str, Any] | None = Field(None, description="How Elasticsearch itself cuts long texts.")


class Price(_Section):
    """What an endpoint costs; what is left out costs nothing."""

    per_million_tokens: float = Field(0.0, ge=0, description="For a million tokens of input.")
    per_thousand_requests: float = Field(0.0, ge=0, description="For a thousand requests.")
    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="As in `USD` or `EUR`; the same for all endpoints.")

    def of(self, tokens: float, requests: float) -> float:
        """The cost of tokens and requests."""
        return tokens * self.per_million_tokens / 1e6 + requests * self.per_thousand_requests / 1e3


class IndexSection(_Section):
    """Where documents go."""

    name: str | None = Field(None, description="The index; the pipeline's name when left out.")
    mapping: str | dict[str, Any] | None = Field(
        None, description="A name in `mappings/`, a path, or an index body; dims come from the endpoints."
    )


class Expectation(_Section):
    """What a test wants of the hits; every given key must hold."""

    first: str | None = Field(None, description="The id that must come first.")
    hits: list[str] | None = Field(None, description="The ids that must come first, in this order.")
    contains: list[str] = Field(default_factory=list, description="Ids that must be among the hits.")
    lacks: list[str] = Field(default_factory=list, description="Ids that must not be.")
    answer: str | None = Field(None, description="A text that the answer of `completion` must hold.")
    cites: list[str] = Field(default_factory=list, description="Ids of hits that this answer must refer to.")


class With(_Section):
    """What a test runs with instead of the pipeline's own."""

    service: Literal["fake"] | None = Field(
        None, description="`fake` serves every endpoint: no key, no weights, the same answer everywhere."
    )


class Case(_Section):
    """One test of a pipeline: documents, a query, and what must come of it."""

    name: str = Field(description="A sentence that says what holds.")
    served: With = Field(default_factory=lambda: With(service=None), alias="with", description="What it runs with.")
    documents: list[dict[str, Any]] = Field(min_length=1, description="Records, each with an `_id`.")
    query: str = Field(description="The text searched for.")
    size: int = Field(10, ge=1, le=1000, description="How many hits are asked for.")
    filter: dict[str, Any] | None = Field(None, description="A query that restricts the hits.")
    expect: Expectation = Field(description="What must come of it.")


class CacheSection(_Section):
    """What searches keep of inference, in memory, for as long as the pipeline's searches are in use."""

    query_embeddings: int = Field(4000, ge=0, description="Vectors of queries kept at most; 0 keeps none.")
    rerank_scores: int = Field(
        100_000, ge=0, description="Scores of a text for a query kept at most; 0 keeps none, for models that rank a "
        "text by the others beside it."
    )  # fmt: skip
    ttl: TimeSpan = Field("1h", description="How long each is kept.")


class PipelineFile(_Section):
    """The top level of a pipeline file."""

    description: str | None = Field(None, description="One line that `headpond list` shows.")
    endpoints: dict[str, EndpointBody] = Field(default_factory=dict, description="Endpoints by their id.")
    prices: dict[str, Price] = Field(
        default_factory=dict, description="What endpoints cost, by their id; for estimates and `--max-cost`."
    )
    index: IndexSection = Field(
        default_factory=lambda: IndexSection(name=None, mapping=None), description="Where documents go."
    )
    processors: list[dict[str, Any]] = Field(
        default_factory=list, description="An Elasticsearch ingest pipeline, run by the client in batches."
    )
    on_failure: list[dict[str, Any]] | None = Field(
        None, description="Processors for records for which one failed that has no `on_failure`; they end there."
    )
    pipelines: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Pipelines that `pipeline` processors call, bodies of `_ingest/pipeline`."
    )
    field_access_pattern: Literal["classic", "flexible"] | None = Field(
        None, description="`flexible` lets processors find keys that hold dots."
    )
    version: int | None = Field(None, description="A number of your own, for `headpond push`.")
    meta: dict[str, Any] | None = Field(None, alias="_meta", description="Anything, for `headpond push`.")
    search: dict[str, Any] | None = Field(None, description="A `_search` body with `{{query}}` and `{{size}}`.")
    deadline: TimeSpan | None = Field(
        None, description="How long a whole search may take: embedding, retrieval and processors share it."
    )
    cache: CacheSection = Field(
        default_factory=lambda: CacheSection.model_validate({}),
        description="What searches keep of inference, so that it is not asked twice.",
    )
    request_processors: list[dict[str, Any]] = Field(
        default_factory=list, description="What happens to a `_search` body before it is sent."
    )
    response_processors: list[dict[str, Any]] = Field(default_factory=list, description="What happens to the hits.")
    tests: list[Case] = Field(default_factory=list, description="Checked by `headpond test`.")


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A pipeline file that has been read and checked.

    Attributes:
        name: the file's name without its ending; also the index's name when the file has none.
        file: the sections as they were written; endpoints still hold `${NAME}` references.
        processors: the ingest pipeline.
        response_processors: what happens to the hits.
        request_processors: what happens to a search before it is sent.
        mapping: the index body that `index.mapping` stands for; None when it has none.
        where: the file's places.
        known: the processors that it may name.
    """

    name: str
    file: PipelineFile
    processors: IngestPipeline
    response_processors: tuple[ResponseProcessor[Any], ...]
    request_processors: tuple[RequestProcessor[Any], ...] = ()
    mapping: Mapping[str, Any] | None = None
    where: Where = field(default_factory=Where, repr=False)
    known: Known = field(default=OURS, repr=False)

    @property
    def description(self) -> str:
        """What it is for, one line."""
        return (self.file.description or "").strip()
