"""The options of compound retrievers, as in a body; names and defaults are Elasticsearch's."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from headpond.ranking import Normalizer
from headpond.stages.response._rerank_spec import ChunkRescorer

WINDOW = 10
"""Elasticsearch's default `rank_window_size`, and its default `window_size` of a rescorer."""

MOST_PINNED = 100
"""Documents that Elasticsearch pins at most."""


def _list(given: Any) -> Any:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: Annotated[list[dict[str, Any]], BeforeValidator(_list)] = Field(default_factory=list)
    min_score: float | None = None
    label: str | None = Field(None, alias="_name")


class _Windowed(_Options):
    rank_window_size: int = Field(WINDOW, ge=1, le=10_000)


class Component(BaseModel):
    """A child with its weight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retriever: dict[str, Any]
    weight: float = Field(1.0, ge=0)


class ScoredComponent(Component):
    """A child whose scores count."""

    normalizer: Normalizer | None = None


class Rrf(_Windowed):
    """`rrf`."""

    retrievers: list[dict[str, Any]] | None = Field(None, min_length=1)
    query: str | None = Field(None, min_length=1)
    fields: list[str] | None = Field(None, min_length=1)
    rank_constant: int = Field(60, ge=1)


class Linear(_Windowed):
    """`linear`."""

    retrievers: list[ScoredComponent] | None = Field(None, min_length=1)
    query: str | None = Field(None, min_length=1)
    fields: list[str] | None = Field(None, min_length=1)
    normalizer: Normalizer | None = None
    min_score: float | None = Field(None, ge=0)


class Reranker(_Windowed):
    """`text_similarity_reranker`."""

    retriever: dict[str, Any]
    field: str
    inference_text: str
    inference_id: str = ".rerank-v1-elasticsearch"
    chunk_rescorer: ChunkRescorer | None = None


class QueryRescore(BaseModel):
    """A second scoring by a query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rescore_query: dict[str, Any]
    query_weight: float = 1.0
    rescore_query_weight: float = 1.0
    score_mode: Literal["total", "multiply", "avg", "max", "min"] = "total"


class Rescore(BaseModel):
    """One entry of `rescore`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_size: int = Field(WINDOW, ge=1, le=10_000)
    query: QueryRescore


class Rescorer(_Options):
    """`rescorer`; its `min_score` does nothing, as in Elasticsearch."""

    retriever: dict[str, Any]
    rescore: Annotated[list[Rescore], BeforeValidator(_list)] = Field(min_length=1)


class PinnedDocument(BaseModel):
    """A document by its id, in one index or any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(alias="_id")
    index: str | None = Field(default=None, alias="_index")


class Pinned(_Windowed):
    """`pinned`."""

    retriever: dict[str, Any]
    ids: list[str] | None = Field(None, min_length=1, max_length=MOST_PINNED)
    docs: list[PinnedDocument] | None = Field(None, min_length=1, max_length=MOST_PINNED)
