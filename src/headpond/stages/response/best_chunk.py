"""Says which part of each hit answers best, in one shape for every kind of index, with the query's words marked.

Every hit with a text gets `_headpond.best_chunk`: `{"field", "text", "start", "end", "score", "by"}`, and `highlighted`
when that is asked for. `start` and `end` are characters of the field's text, null where Elasticsearch does not tell.
`by` says who chose it, the first that can: `inner_hits` (nested passages that the search scored), `rerank` (the passage
that a rerank before this stage ranked by), `highlight` (the `semantic` highlighter's best fragment, without a score),
`embedding` (the chunk nearest to the query by an endpoint) or `words` (the share of the query's words, rare ones
first). Chunks are nested passages, those of a `semantic_text` field, or cut here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from headpond.inference.chunking import parse_chunking
from headpond.inference.duration import parse_duration
from headpond.stages.chunking_settings import ChunkingSettings
from headpond.stages.degraded import Degraded
from headpond.stages.highlight import Highlight, marked
from headpond.stages.inference import failure
from headpond.stages.one_or_more import OneOrMore
from headpond.stages.passage import cut
from headpond.stages.response._chunks import Chunk, best_known, chunks
from headpond.stages.response._texts import sendable
from headpond.stages.response.base import Hit, ResponseProcessor, ResponseProcessorSpec, Results
from headpond.stages.selection import shares
from headpond.stages.time_span import TimeSpan

SETTINGS = {"strategy": "sentence", "max_chunk_size": 50, "sentence_overlap": 0}
"""How texts are cut when nothing is said: short enough to be read."""


class BestChunkSpec(ResponseProcessorSpec):
    """Options of `best_chunk`."""

    field: OneOrMore = Field(
        min_length=1, description="The field, or several; one that leads through a list of objects is read from each."
    )
    inference_id: str | None = Field(
        None, description="A text_embedding endpoint that finds the nearest chunk, where nobody has found one before."
    )
    deadline: TimeSpan = Field("1s", description="How long the endpoint may take; later, words decide.")
    chunking_settings: ChunkingSettings = Field(
        default_factory=lambda: dict(SETTINGS), description="How texts are cut, Elasticsearch's chunking settings."
    )
    highlight: Highlight | None = Field(
        None, description="Mark the query's words: `{pre_tags, post_tags, encoder}`, as in Elasticsearch's `highlight`."
    )


class BestChunk(ResponseProcessor[BestChunkSpec]):
    """Finds the best chunk of each hit."""

    Spec = BestChunkSpec

    def __init__(self, spec: BestChunkSpec, name: str) -> None:
        super().__init__(spec, name)
        self._chunking = parse_chunking(spec.chunking_settings)
        self._seconds = parse_duration(spec.deadline, "deadline")

    def endpoints(self) -> list[str]:
        """The embedding endpoint."""
        return [self.spec.inference_id] if self.spec.inference_id else []

    def fields(self) -> list[str]:
        """The fields it reads."""
        return self.spec.field

    def process(self, results: Results) -> None:
        """Annotates the hits that will be seen; one without text stays without."""
        query = results.query or ""
        if not query.strip() and results.hits:
            results.degraded.append(Degraded(self.name, "the query has no text to find the best chunk by", 0))
        hits = results.hits[: results.size]
        open_hits: list[Hit] = []
        candidates: list[list[Chunk]] = []
        for hit in hits:
            known = best_known(hit, self.spec.field)
            if known is None:
                found = chunks(hit, self.spec.field, self._chunking)
                if found:
                    open_hits.append(hit)
                    candidates.append(found)
            else:
                by, chunk = known
                self._note(hit, self._shortened(chunk, query), by, query)
        if candidates:
            by, scores = self._scores(results, query, candidates)
            for hit, found, each in zip(open_hits, candidates, scores, strict=True):
                best = int(np.argmax(each))
                self._note(hit, replace(found[best], score=each[best]), by, query)

    def _scores(
        self, results: Results, query: str, candidates: Sequence[Sequence[Chunk]]
    ) -> tuple[str, list[list[float]]]:
        texts = [[chunk.text for chunk in each] for each in candidates]
        if self.spec.inference_id is None or not query.strip():
            return "words", shares(query, texts)
        deadline = results.deadline.within(self._seconds)
        flat = [sendable(text) for each in texts for text in each]
        try:
            asked = [sendable(query), *flat]
            vectors = results.inference.embed(self.spec.inference_id, "text_embedding", asked, seconds=deadline.left)
            near = _cosines(vectors)
        except TimeoutError:
            reason = f"no answer of [{self.spec.inference_id}] within the deadline; words decided"
        except Exception as error:
            reason = f"{failure(self.spec.inference_id, error)}; words decided"
        else:
            scores = iter(near)
            return "embedding", [[next(scores) for _ in each] for each in texts]
        results.degraded.append(Degraded(self.name, reason, deadline.spent_ms))
        return "words", shares(query, texts)

    def _shortened(self, chunk: Chunk, query: str) -> Chunk:
        """Of a text that was judged as a whole, the part with most of the query's words."""
        if not chunk.whole:
            return chunk
        parts = cut(chunk.text, self._chunking)
        if len(parts) < 2:
            return chunk
        start, end = parts[int(np.argmax(shares(query, [[chunk.text[a:b] for a, b in parts]])[0]))]
        return replace(chunk, text=chunk.text[start:end], start=start, end=end)

    def _note(self, hit: Hit, chunk: Chunk, by: str, query: str) -> None:
        note: dict[str, Any] = {
            "field": chunk.field,
            "text": chunk.text,
            "start": chunk.start,
            "end": chunk.end,
            "score": chunk.score,
            "by": by,
        }
        if self.spec.highlight is not None:
            note["highlighted"] = marked(chunk.text, query, self.spec.highlight)
        hit["_headpond"] = {**hit.get("_headpond", {}), "best_chunk": note}


def _cosines(vectors: Sequence[Any]) -> list[float]:
    """How near each vector is to the first."""
    matrix = np.array(vectors, np.float32)
    lengths = np.linalg.norm(matrix, axis=1)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise ValueError("the answer holds no vectors of numbers")
    near = matrix[1:] @ matrix[0] / np.maximum(lengths[1:] * lengths[0], np.float32(1e-12))
    return [float(value) for value in near]
