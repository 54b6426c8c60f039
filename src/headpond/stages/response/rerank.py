"""Reorders the first hits by what a rerank endpoint thinks of their text, within a deadline.

When the endpoint fails, is late or answers nonsense, the hits stay as they were and the answer's `degraded` says why.
With `window: auto` it ranks as many hits as the endpoint can within the deadline, by the time its last calls took.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from headpond.inference.chunking import Chunking, parse_chunking
from headpond.inference.duration import parse_duration
from headpond.ranking import minmax
from headpond.stages.chunking_settings import ChunkingSettings
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.inference import failure
from headpond.stages.one_or_more import OneOrMore
from headpond.stages.passage import Passage
from headpond.stages.response._depth import Depth
from headpond.stages.response._texts import LONGEST, Texts, sendable
from headpond.stages.response.base import (
    Hit,
    ResponseProcessor,
    ResponseProcessorSpec,
    Results,
    as_json,
    note_ranks,
)
from headpond.stages.selection import select
from headpond.stages.time_span import TimeSpan

WINDOW, MOST = 50, 1000
"""Hits that are ranked when nothing else is said, and at most."""


def _checked_window(window: Any) -> Any:
    if window != "auto" and (not isinstance(window, int) or isinstance(window, bool) or not 1 <= window <= MOST):
        raise ValueError(f"a window is 1 to {MOST} hits, or auto")
    return window


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
    window: Annotated[int | Literal["auto"], BeforeValidator(_checked_window)] = Field(
        WINDOW,
        description="How many hits are ranked; the others keep their places behind. `auto`: as many as the endpoint "
        "can rank within the deadline, judged by its last calls.",
    )
    max_window: int | None = Field(
        None, ge=1, le=MOST, description=f"The most hits that `window: auto` ranks; {WINDOW} when left out."
    )
    deadline: TimeSpan = Field("1s", description="How long the endpoint may take; later, the earlier order stays.")
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
    chunk_rescorer: ChunkRescorer | None = Field(None, description="Cut long texts and rank a hit by its best passage.")

    @model_validator(mode="after")
    def _fits_together(self) -> RerankSpec:
        if (self.field is None) == (self.template is None):
            raise ValueError("rerank needs either [field] or [template], what hits are ranked by")
        if self.template is not None:
            Texts(None, self.template, None)
        if self.max_window is not None and self.window != "auto":
            raise ValueError("[max_window] goes with [window: auto]")
        return self

    @property
    def deepest(self) -> int:
        """Hits that are ranked at most."""
        return (self.max_window or WINDOW) if self.window == "auto" else self.window


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A hit of the window that has texts to rank by."""

    place: int
    passages: list[Passage]


class Rerank(ResponseProcessor[RerankSpec]):
    """Reorders hits by a rerank endpoint."""

    Spec = RerankSpec

    def __init__(self, spec: RerankSpec, name: str) -> None:
        super().__init__(spec, name)
        self._seconds = parse_duration(spec.deadline, "deadline")
        rescorer = spec.chunk_rescorer
        chunking: Chunking | None = parse_chunking(rescorer.chunking_settings) if rescorer else None
        self._texts = Texts(spec.field, spec.template, chunking)
        self._depth = Depth() if spec.window == "auto" else None

    @property
    def window(self) -> int:
        """The hits it ranks."""
        return self.spec.deepest

    def endpoints(self) -> list[str]:
        """The rerank endpoint."""
        return [self.spec.inference_id]

    def fields(self) -> list[str]:
        """The fields it ranks by."""
        return self._texts.fields

    def process(self, results: Results) -> None:
        """Reorders `results.hits` and annotates each hit.

        Every hit gets `_headpond`: `rank_before` (from 1), `score_before`, and, when it was ranked, `rerank_score` (the
        endpoint's own) and `passage` (the text that earned it); a hit without text keeps its place and has `skipped`. A
        text that was too long to be sent as a whole is said by `cut_at`, the characters that were ranked.
        `_score` becomes the new score; hits that were not ranked take that of the hit above, so scores never rise.
        """
        if not results.hits:
            return
        deadline = results.deadline.within(self._seconds)
        reason = self._rank(results, deadline)
        if reason is not None:
            results.degraded.append(Degraded(self.name, reason, deadline.spent_ms))
        if self.spec.top_n is not None:
            del results.hits[self.spec.top_n :]

    def _rank(self, results: Results, deadline: Deadline) -> str | None:
        """Ranks, or says why not."""
        if results.query is None or not results.query.strip():
            return "the query has no text to rank by"
        hits = results.hits[: self.spec.deepest]
        candidates = self._candidates(hits, results.query)
        if not candidates:
            return f"no hit has a text in [{', '.join(self._texts.fields)}]"
        given = deadline.left
        wanted = len(hits)
        if self._depth is not None:
            candidates = _as_many(candidates, self._depth.fitting(given))
            hits = hits[: candidates[-1].place + 1]
        texts = [passage.text for candidate in candidates for passage in candidate.passages]
        started = time.monotonic()
        try:
            answer = results.inference.rerank(self.spec.inference_id, sendable(results.query), texts, seconds=given)
        except TimeoutError:
            if self._depth is not None and given > 0:
                self._depth.late(given, len(texts))
            return f"no answer of [{self.spec.inference_id}] within {self._said(given)}"
        except Exception as error:
            return failure(self.spec.inference_id, error)
        if len(answer) != len(texts) or not all(math.isfinite(score) for score in answer):
            got = f"{len(answer)} scores for {len(texts)} texts, or no numbers"
            return f"[{self.spec.inference_id}] answered nonsense: {got}"
        if self._depth is not None:
            self._depth.took(time.monotonic() - started, len(texts))
        self._reorder(results, hits, candidates, answer)
        if len(hits) < wanted and self._depth is not None:
            return f"ranked {len(hits)} of {wanted} hits: more would not fit into {self._said(given)}"
        return None

    def _said(self, given: float) -> str:
        """The time there was, in words."""
        if given > 0.9 * self._seconds:
            return f"the deadline of {self.spec.deadline}"
        return f"the {round(given * 1000)} ms that the search's deadline had left"

    def _candidates(self, hits: Sequence[Hit], query: str) -> list[_Candidate]:
        found = [_Candidate(place, self._texts.of(hit.get("_source") or {})) for place, hit in enumerate(hits)]
        found = [candidate for candidate in found if candidate.passages]
        if self.spec.chunk_rescorer is None:
            return found
        chosen = select(query, [candidate.passages for candidate in found], self.spec.chunk_rescorer.size)
        return [_Candidate(old.place, kept) for old, kept in zip(found, chosen, strict=True)]

    def _reorder(
        self, results: Results, hits: list[Hit], candidates: list[_Candidate], answer: Sequence[float]
    ) -> None:
        note_ranks(results.hits)
        scores = np.empty(len(candidates), np.float32)
        at = 0
        for row, candidate in enumerate(candidates):
            own = answer[at : at + len(candidate.passages)]
            at += len(candidate.passages)
            best = max(range(len(own)), key=own.__getitem__)
            scores[row] = own[best]
            note = hits[candidate.place]["_headpond"]
            passage = candidate.passages[best]
            note |= {"rerank_score": own[best], "passage": passage.to_json()}
            if len(passage.text) == LONGEST:
                note["cut_at"] = LONGEST
        blended = self._blend(_first_scores(hits, candidates), scores)
        order = np.argsort(-blended, kind="stable")
        places = [candidate.place for candidate in candidates]
        reordered = list(hits)
        for place, row in zip(places, order, strict=True):
            hit = hits[places[row]]
            hit["_score"] = as_json(blended[row])
            reordered[place] = hit
        results.hits[: len(hits)] = reordered
        ranked = {id(hits[place]) for place in places}
        self._settle_others(results.hits, ranked, len(hits))
        if self.spec.min_score is not None:
            kept = [hit for hit in results.hits[: len(hits)] if _worth(hit, ranked, self.spec.min_score)]
            results.hits[:] = kept

    def _blend(self, first: NDArray[np.float32], rerank: NDArray[np.float32]) -> NDArray[np.float32]:
        weight = np.float32(self.spec.weight)
        if weight == 1:
            return rerank
        return (np.float32(1) - weight) * minmax(first) + weight * minmax(rerank)

    def _settle_others(self, hits: list[Hit], ranked: set[int], window: int) -> None:
        """Gives hits that were not ranked a score that fits their place."""
        above = next(hit["_score"] for hit in hits if id(hit) in ranked)
        for place, hit in enumerate(hits):
            if id(hit) in ranked:
                above = hit["_score"]
                continue
            hit["_score"] = above
            if place < window:
                hit["_headpond"]["skipped"] = f"no text in [{', '.join(self._texts.fields)}]"


def _first_scores(hits: Sequence[Hit], candidates: Sequence[_Candidate]) -> NDArray[np.float32]:
    """The first stage's scores; places stand in for them where a sorted search has none."""
    scores = [hits[candidate.place].get("_score") for candidate in candidates]
    if any(score is None for score in scores):
        return np.array([-candidate.place for candidate in candidates], np.float32)
    return np.array(scores, np.float32)


def _as_many(candidates: Sequence[_Candidate], most: int) -> list[_Candidate]:
    """The first candidates with no more texts than that, at least one."""
    texts = np.cumsum([len(candidate.passages) for candidate in candidates])
    return list(candidates[: max(1, int(np.searchsorted(texts, most, side="right")))])


def _worth(hit: Hit, ranked: set[int], least: float) -> bool:
    return id(hit) not in ranked or hit["_headpond"]["rerank_score"] >= least
