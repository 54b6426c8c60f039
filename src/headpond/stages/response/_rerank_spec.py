"""The options of `rerank`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from headpond.inference.duration import parse_duration
from headpond.stages.chunking_settings import ChunkingSettings
from headpond.stages.one_or_more import OneOrMore
from headpond.stages.response._texts import Texts
from headpond.stages.response.base import ResponseProcessorSpec
from headpond.stages.time_span import TimeSpan

WINDOW, MOST = 50, 1000
"""Hits that are ranked when nothing else is said, and at most."""


def _checked_window(window: Any) -> Any:
    if window != "auto" and (not isinstance(window, int) or isinstance(window, bool) or not 1 <= window <= MOST):
        raise ValueError(f"a window is 1 to {MOST} hits, or auto")
    return window


Window = Annotated[int | Literal["auto"], BeforeValidator(_checked_window)]


class Fallback(BaseModel):
    """The endpoint that ranks when the first one does not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inference_id: str = Field(description="The id of another rerank endpoint: a cheaper or a local one.")
    window: Window | None = Field(
        None, description="How many hits it ranks, no more than the rerank's `window`, which it is when left out."
    )
    deadline: TimeSpan | None = Field(
        None,
        description="How much of the rerank's `deadline` is kept for it; half when left out. It has what the first "
        "endpoint leaves: nearly all when that is known to be down.",
    )
    min_score: float | None = Field(
        None, allow_inf_nan=False, description="As the rerank's, which does not hold here: scores of models differ."
    )


class ChunkRescorer(BaseModel):
    """How texts are cut before they are ranked; the name and the options are those of `text_similarity_reranker`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(
        1, ge=1, description="Passages of a hit that are ranked, those with the query's rarest words first."
    )
    chunking_settings: ChunkingSettings = Field(
        default_factory=dict,
        description="Elasticsearch's chunking settings; sentences of up to 250 words when left out.",
    )


class RerankSpec(ResponseProcessorSpec):
    """Options of `rerank`."""

    inference_id: str = Field(description="The id of a rerank endpoint.")
    field: OneOrMore | None = Field(
        None,
        min_length=1,
        description="The field to rank by, or several that are joined; one that leads through a list of objects "
        "(`passages.text`) ranks a hit by its best passage.",
    )
    template: str | None = Field(
        None, min_length=1, description="Instead of `field`: a text with `{{field}}` placeholders to rank by."
    )
    window: Window = Field(
        WINDOW,
        description="How many hits are ranked; the others keep their places behind. `auto`: as many as the endpoint "
        "can rank within the deadline, judged by its last calls.",
    )
    max_window: int | None = Field(
        None, ge=1, le=MOST, description=f"The most hits that `window: auto` ranks; {WINDOW} when left out."
    )
    deadline: TimeSpan = Field(
        "1s", description="How long the stage may take, its fallback included; later, the earlier order stays."
    )
    fallback: Fallback | None = Field(
        None,
        description="Another endpoint that ranks when this one is down, late or answers nonsense; `degraded` says so: "
        "`{inference_id, window, deadline, min_score}`. Its `deadline` is the part of this `deadline` that is kept for "
        "it, half when left out.",
    )
    weight: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the reranker in the new score; the rest is the first stage's. Both are min-max "
        "normalised over the window. 1 ranks by the reranker alone.",
    )
    top_n: int | None = Field(None, ge=1, description="Keep only so many hits.")
    min_score: float | None = Field(
        None,
        allow_inf_nan=False,
        description="Leave out hits that the endpoint gives less, and those behind the window, which it has not seen; "
        "hits without text stay.",
    )
    chunk_rescorer: ChunkRescorer | None = Field(
        None, description="Cut long texts and rank a hit by its best passages: `{size, chunking_settings}`."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> RerankSpec:
        if (self.field is None) == (self.template is None):
            raise ValueError("rerank needs either [field] or [template], what hits are ranked by")
        if self.template is not None:
            Texts(None, self.template, None)
        if self.max_window is not None and self.window != "auto":
            raise ValueError("[max_window] goes with [window: auto]")
        if self.fallback is not None:
            self._check_fallback(self.fallback)
        return self

    def _check_fallback(self, fallback: Fallback) -> None:
        if fallback.inference_id == self.inference_id:
            raise ValueError(f"[fallback] is the endpoint itself, [{self.inference_id}]")
        if isinstance(fallback.window, int) and fallback.window > self.deepest:
            raise ValueError(f"[fallback.window] is {fallback.window}, the rerank looks at {self.deepest} hits")
        kept, whole = fallback.deadline, self.deadline
        if kept is not None and parse_duration(kept, "deadline") >= parse_duration(whole, "deadline"):
            raise ValueError(f"[fallback.deadline] is a part of [deadline]: less than {whole}, not {kept}")

    @property
    def deepest(self) -> int:
        """Hits that are ranked at most."""
        return (self.max_window or WINDOW) if self.window == "auto" else self.window
