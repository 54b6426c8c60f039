"""Reorders the first hits by what a rerank endpoint thinks of their text, within a deadline.

When the endpoint fails, is late or answers nonsense, the `fallback` ranks in what is left of the deadline. Without one,
or when it fails too, the hits stay as they were. Either way the answer's `degraded` says why.
With `window: auto` it ranks as many hits as the endpoint can within the deadline, by the time its last calls took.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headpond.inference.chunking import Chunking, parse_chunking
from headpond.inference.duration import format_duration, parse_duration
from headpond.ranking import minmax
from headpond.stages.deadline import Deadline
from headpond.stages.degraded import Degraded
from headpond.stages.passage import Passage
from headpond.stages.response._depth import Depth
from headpond.stages.response._ranker import Ranker, UnrankedError
from headpond.stages.response._rerank_spec import RerankSpec
from headpond.stages.response._texts import LONGEST, Texts, sendable
from headpond.stages.response.base import (
    Hit,
    ResponseProcessor,
    Results,
    as_json,
    note_ranks,
)
from headpond.stages.selection import select


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
        self._rankers = _rankers(spec, self._seconds)

    @property
    def window(self) -> int:
        """The hits it ranks."""
        return self.spec.deepest

    def endpoints(self) -> list[str]:
        """The rerank endpoint, and its fallback."""
        return [ranker.inference_id for ranker in self._rankers]

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
        said: list[str] = []
        candidates = self._candidates(results.hits[: self.spec.deepest], results.query)
        for ranker in self._rankers:
            seconds = deadline.left * ranker.share
            hits = results.hits[: ranker.window]
            able = [candidate for candidate in candidates if candidate.place < ranker.window]
            if not able:
                said.append(f"no hit has a text in [{', '.join(self._texts.fields)}]")
                break
            chosen = able[: ranker.fitting([len(candidate.passages) for candidate in able], seconds)]
            texts = [passage.text for candidate in chosen for passage in candidate.passages]
            given = self._said(ranker, seconds)
            try:
                answer = ranker.scores(results.inference, sendable(results.query), texts, seconds=seconds, said=given)
            except UnrankedError as error:
                said.append(str(error))
                continue
            wanted = len(hits)
            if len(chosen) < len(able):
                hits = hits[: chosen[-1].place + 1]
            self._reorder(results, hits, chosen, answer, ranker.min_score)
            if ranker is not self._rankers[0]:
                said.append(f"[{ranker.inference_id}] ranked instead")
            if len(hits) < wanted:
                said.append(f"ranked {len(hits)} of {wanted} hits: more would not fit into {given}")
            break
        return "; ".join(said) or None

    def _said(self, ranker: Ranker, seconds: float) -> str:
        """The time an endpoint has, in words."""
        if ranker is not self._rankers[0]:
            return f"the {round(seconds * 1000)} ms that were left"
        share = ranker.share * self._seconds
        if seconds > 0.9 * share:
            own = "" if ranker.share == 1 else f"its {format_duration(share)} of "
            return f"{own}the deadline of {self.spec.deadline}"
        return f"the {round(seconds * 1000)} ms that the search's deadline had left"

    def _candidates(self, hits: Sequence[Hit], query: str) -> list[_Candidate]:
        found = [_Candidate(place, self._texts.of(hit.get("_source") or {})) for place, hit in enumerate(hits)]
        found = [candidate for candidate in found if candidate.passages]
        if self.spec.chunk_rescorer is None:
            return found
        chosen = select(query, [candidate.passages for candidate in found], self.spec.chunk_rescorer.size)
        return [_Candidate(old.place, kept) for old, kept in zip(found, chosen, strict=True)]

    def _reorder(
        self,
        results: Results,
        hits: list[Hit],
        candidates: Sequence[_Candidate],
        answer: Sequence[float],
        min_score: float | None,
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
        if min_score is not None:
            kept = [hit for hit in results.hits[: len(hits)] if _worth(hit, ranked, min_score)]
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


def _rankers(spec: RerankSpec, seconds: float) -> list[Ranker]:
    """Who is asked, in this order."""
    fallback = spec.fallback
    depth = Depth() if spec.window == "auto" else None
    if fallback is None:
        return [Ranker(spec.inference_id, spec.deepest, 1.0, spec.min_score, depth)]
    kept = 0.5 if fallback.deadline is None else parse_duration(fallback.deadline, "deadline") / seconds
    window = spec.window if fallback.window is None else fallback.window
    again = Depth() if window == "auto" else None
    deepest = spec.deepest if window == "auto" else window
    return [
        Ranker(spec.inference_id, spec.deepest, 1.0 - kept, spec.min_score, depth),
        Ranker(fallback.inference_id, deepest, 1.0, fallback.min_score, again),
    ]


def _first_scores(hits: Sequence[Hit], candidates: Sequence[_Candidate]) -> NDArray[np.float32]:
    """The first stage's scores; places stand in for them where a sorted search has none."""
    scores = [hits[candidate.place].get("_score") for candidate in candidates]
    if any(score is None for score in scores):
        return np.array([-candidate.place for candidate in candidates], np.float32)
    return np.array(scores, np.float32)


def _worth(hit: Hit, ranked: set[int], least: float) -> bool:
    return id(hit) not in ranked or hit["_headpond"]["rerank_score"] >= least
