"""Reorders the first hits by what a rerank endpoint thinks of their text, within a deadline.

When the endpoint fails, is late or answers nonsense, the hits stay as they were and the answer's `degraded` says why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from headpond.errors import RestError
from headpond.inference.chunking import Chunking, parse_chunking
from headpond.inference.duration import parse_duration
from headpond.ranking import minmax
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.passage import Passage, passages
from headpond.stages.response.base import (
    Hit,
    ResponseProcessor,
    ResponseProcessorSpec,
    Results,
    as_json,
)
from headpond.stages.selection import select
from headpond.stages.time_span import TimeSpan

LONGEST = 16_000
"""Characters of one text that are sent; far beyond what rerank models read."""


def _checked_chunking(settings: dict[str, Any]) -> dict[str, Any]:
    try:
        parse_chunking(settings)
    except RestError as error:
        raise ValueError(error.reason) from None
    return settings


class ChunkRescorer(BaseModel):
    """How texts are cut before they are ranked; the name and the options are those of `text_similarity_reranker`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(
        1, ge=1, description="Passages of a hit that are ranked, those with the query's rarest words first."
    )
    chunking_settings: Annotated[dict[str, Any], AfterValidator(_checked_chunking)] = Field(
        default_factory=dict,
        description="Elasticsearch's chunking settings; sentences of up to 250 words when left out.",
    )


class RerankSpec(ResponseProcessorSpec):
    """Options of `rerank`."""

    inference_id: str = Field(description="The id of a rerank endpoint.")
    field: Annotated[list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)] = Field(
        min_length=1,
        description="The field to rank by, or several that are joined; one that leads through a list of objects "
        "(`passages.text`) ranks a hit by its best passage.",
    )
    window: int = Field(50, ge=1, le=1000, description="How many hits are ranked; the others keep their places behind.")
    deadline: TimeSpan = Field("1s", description="How long the endpoint may take; later, the earlier order stays.")
    weight: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the reranker in the new score; the rest is the first stage's. Both are min-max "
        "normalised over the window. 1 ranks by the reranker alone.",
    )
    top_n: int | None = Field(None, ge=1, description="Keep only so many hits.")
    chunk_rescorer: ChunkRescorer | None = Field(None, description="Cut long texts and rank a hit by its best passage.")


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
        self._chunking: Chunking | None = parse_chunking(rescorer.chunking_settings) if rescorer else None

    @property
    def window(self) -> int:
        """The hits it ranks."""
        return self.spec.window

    def endpoints(self) -> list[str]:
        """The rerank endpoint."""
        return [self.spec.inference_id]

    def fields(self) -> list[str]:
        """The fields it ranks by."""
        return self.spec.field

    def process(self, results: Results) -> None:
        """Reorders `results.hits` and annotates each hit.

        Every hit gets `_headpond`: `rank_before` (from 1), `score_before`, and, when it was ranked, `rerank_score` (the
        endpoint's own) and `passage` (the text that earned it); a hit without text keeps its place and has `skipped`.
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
        hits = results.hits[: self.spec.window]
        candidates = self._candidates(hits, results.query)
        if not candidates:
            return f"no hit has a text in [{', '.join(self.spec.field)}]"
        texts = [passage.text[:LONGEST] for candidate in candidates for passage in candidate.passages]
        given = deadline.left
        try:
            answer = results.inference.rerank(self.spec.inference_id, results.query, texts, seconds=given)
        except TimeoutError:
            return f"no answer of [{self.spec.inference_id}] within {self._said(given)}"
        except Exception as error:
            return f"[{self.spec.inference_id}] failed: {error}"
        if len(answer) != len(texts) or not all(math.isfinite(score) for score in answer):
            got = f"{len(answer)} scores for {len(texts)} texts, or no numbers"
            return f"[{self.spec.inference_id}] answered nonsense: {got}"
        self._reorder(results, hits, candidates, answer)
        return None

    def _said(self, given: float) -> str:
        """The time there was, in words."""
        if given > 0.9 * self._seconds:
            return f"the deadline of {self.spec.deadline}"
        return f"the {round(given * 1000)} ms that the search's deadline had left"

    def _candidates(self, hits: Sequence[Hit], query: str) -> list[_Candidate]:
        found = [
            _Candidate(place, passages(hit.get("_source") or {}, self.spec.field, self._chunking))
            for place, hit in enumerate(hits)
        ]
        found = [candidate for candidate in found if candidate.passages]
        if self.spec.chunk_rescorer is None:
            return found
        chosen = select(query, [candidate.passages for candidate in found], self.spec.chunk_rescorer.size)
        return [_Candidate(old.place, kept) for old, kept in zip(found, chosen, strict=True)]

    def _reorder(
        self, results: Results, hits: list[Hit], candidates: list[_Candidate], answer: Sequence[float]
    ) -> None:
        for rank, hit in enumerate(results.hits, 1):
            hit.setdefault("_headpond", {"rank_before": rank, "score_before": hit.get("_score")})
        scores = np.empty(len(candidates), np.float32)
        at = 0
        for row, candidate in enumerate(candidates):
            own = answer[at : at + len(candidate.passages)]
            at += len(candidate.passages)
            best = int(np.argmax(own))
            scores[row] = own[best]
            note = hits[candidate.place]["_headpond"]
            note |= {"rerank_score": own[best], "passage": candidate.passages[best].to_json()}
        blended = self._blend(_first_scores(hits, candidates), scores)
        order = np.argsort(-blended, kind="stable")
        places = [candidate.place for candidate in candidates]
        reordered = list(hits)
        for place, row in zip(places, order, strict=True):
            hit = hits[places[row]]
            hit["_score"] = as_json(blended[row])
            reordered[place] = hit
        results.hits[: len(hits)] = reordered
        self._settle_others(results.hits, {id(hits[place]) for place in places}, len(hits))

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
                hit["_headpond"]["skipped"] = f"no text in [{', '.join(self.spec.field)}]"


def _first_scores(hits: Sequence[Hit], candidates: Sequence[_Candidate]) -> NDArray[np.float32]:
    """The first stage's scores; places stand in for them where a sorted search has none."""
    scores = [hits[candidate.place].get("_score") for candidate in candidates]
    if any(score is None for score in scores):
        return np.array([-candidate.place for candidate in candidates], np.float32)
    return np.array(scores, np.float32)
