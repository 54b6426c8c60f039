"""Puts hits that say something new before hits that repeat others: maximal marginal relevance.

The next hit is always the one with the largest `lambda * relevance - (1 - lambda) * likeness`. Relevance is the score,
min-max normalised over the window; likeness is the cosine to the most similar hit above it, of their vectors, or of
their words where there are none. Hits that cannot be compared keep their places. Scores stay as they were.

Unlike Elasticsearch's retriever of this name it works behind a rerank and on any licence, and orders the hits anew.
Source: Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing
summaries", SIGIR 1998.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from headpond.inference.duration import parse_duration
from headpond.ranking import minmax
from headpond.stages.degraded import Degraded
from headpond.stages.inference import failure
from headpond.stages.one_or_more import OneOrMore
from headpond.stages.passage import passages
from headpond.stages.response import _field
from headpond.stages.response._texts import sendable
from headpond.stages.response.base import Hit, ResponseProcessor, ResponseProcessorSpec, Results, note_ranks
from headpond.stages.time_span import TimeSpan
from headpond.stages.words import pieces, words

Matrix = NDArray[np.float32]


class DiversifySpec(ResponseProcessorSpec):
    """Options of `diversify`."""

    type: Literal["mmr"] = Field("mmr", description="How; there is one way.")
    field: str | None = Field(
        None, min_length=1, description="A `dense_vector` field that hits are compared by; none inside nested objects."
    )
    text_field: OneOrMore | None = Field(
        None, min_length=1, description="Instead of `field`: texts that hits are compared by, joined."
    )
    inference_id: str | None = Field(
        None, description="A text_embedding endpoint that embeds `text_field`; without it shared words count."
    )
    lambda_: float = Field(
        0.7, alias="lambda", ge=0, le=1, description="1 for relevance alone, 0 for difference alone."
    )
    window: int = Field(
        50, ge=1, le=1000, description="How many of the first hits are ordered; the others keep their places behind."
    )
    deadline: TimeSpan = Field("1s", description="How long the endpoint may take; later, shared words count.")

    @model_validator(mode="after")
    def _one_of_both(self) -> DiversifySpec:
        if (self.field is None) == (self.text_field is None):
            raise ValueError("diversify needs either [field], a vector, or [text_field]")
        if self.inference_id is not None and self.text_field is None:
            raise ValueError("[inference_id] embeds [text_field]")
        return self


class Diversify(ResponseProcessor[DiversifySpec]):
    """Orders hits by what they add."""

    Spec = DiversifySpec

    def __init__(self, spec: DiversifySpec, name: str) -> None:
        super().__init__(spec, name)
        self._seconds = parse_duration(spec.deadline, "deadline")

    @property
    def window(self) -> int:
        """The hits it orders."""
        return self.spec.window

    def endpoints(self) -> list[str]:
        """The embedding endpoint."""
        return [self.spec.inference_id] if self.spec.inference_id else []

    def fields(self) -> list[str]:
        """The fields it compares hits by."""
        return [self.spec.field] if self.spec.field is not None else self.spec.text_field or []

    def vectors(self) -> list[str]:
        """The vector field."""
        return [self.spec.field] if self.spec.field is not None else []

    def process(self, results: Results) -> None:
        """Orders the hits of the window.

        Hits get `_headpond.rank_before` and `score_before`, and those that were compared `diversify`:
        `{"rank_before", "similarity"}`, their rank before this stage and how like they are to the most similar hit
        above them.
        """
        hits = results.hits[: self.spec.window]
        places, rows = self._rows(results, hits)
        if len(places) < 2:
            return
        likeness = rows @ rows.T
        order, similarity = _mmr(_relevance([hits[place] for place in places]), likeness, self.spec.lambda_)
        note_ranks(results.hits)
        for place, row, like in zip(places, order, similarity, strict=True):
            hit = hits[places[row]]
            hit["_headpond"]["diversify"] = {"rank_before": places[row] + 1, "similarity": round(like, 6)}
            results.hits[place] = hit

    def _rows(self, results: Results, hits: Sequence[Hit]) -> tuple[list[int], Matrix]:
        """The places of the hits that can be compared, and a vector of length 1 for each."""
        if self.spec.field is not None:
            return self._stored(results, hits, self.spec.field)
        texts = ["\n".join(one.text for one in passages(hit.get("_source") or {}, self.fields())) for hit in hits]
        places = [place for place, text in enumerate(texts) if text.strip()]
        self._say_others(results, len(hits) - len(places), len(hits), "text")
        asked = [sendable(texts[place]) for place in places]
        rows = self._embedded(results, self.spec.inference_id, asked) if self.spec.inference_id and asked else None
        return places, _words(asked) if rows is None else rows

    def _stored(self, results: Results, hits: Sequence[Hit], field: str) -> tuple[list[int], Matrix]:
        found = [_vector(_field.get(hit, field)) for hit in hits]
        sizes = Counter(len(vector) for vector in found if vector is not None)
        usual = sizes.most_common(1)[0][0] if sizes else 0
        places = [place for place, vector in enumerate(found) if vector is not None and len(vector) == usual]
        self._say_others(results, len(hits) - len(places), len(hits), "vector")
        kept = [vector for vector in found if vector is not None and len(vector) == usual]
        return places, _unit(np.array(kept, np.float32).reshape(len(kept), usual))

    def _embedded(self, results: Results, inference_id: str, texts: Sequence[str]) -> Matrix | None:
        deadline = results.deadline.within(self._seconds)
        try:
            vectors = results.inference.embed(inference_id, "text_embedding", texts, seconds=deadline.left)
            rows = np.array(vectors, np.float32)
            if rows.ndim != 2 or len(rows) != len(texts) or not np.isfinite(rows).all():
                raise ValueError("the answer holds no vectors of numbers")
            return _unit(rows)
        except TimeoutError:
            reason = f"no answer of [{inference_id}] within the deadline; shared words counted"
        except Exception as error:
            reason = f"{failure(inference_id, error)}; shared words counted"
        results.degraded.append(Degraded(self.name, reason, deadline.spent_ms))
        return None

    def _say_others(self, results: Results, others: int, hits: int, what: str) -> None:
        if others:
            reason = f"{others} of {hits} hits have no {what} in [{', '.join(self.fields())}] and kept their places"
            results.degraded.append(Degraded(self.name, reason, 0))


def _relevance(hits: Sequence[Hit]) -> Matrix:
    """Scores from 0 to 1; ranks stand in for them where a sorted search has none."""
    scores = [hit.get("_score") for hit in hits]
    if any(score is None for score in scores):
        scores = [-float(place) for place in range(len(hits))]
    return minmax(np.array(scores, np.float32))


def _mmr(relevance: Matrix, likeness: Matrix, weight: float) -> tuple[list[int], list[float]]:
    """The rows in their new order, and how like each is to the most similar one before it; 0 for the first."""
    left = np.ones(len(relevance), bool)
    nearest = np.full(len(relevance), -np.inf, np.float32)
    order: list[int] = []
    similarity: list[float] = []
    for _ in range(len(relevance)):
        repeated = np.where(np.isneginf(nearest), np.float32(0), nearest)
        worth = np.where(left, weight * relevance - (1 - weight) * repeated, -np.inf)
        row = int(np.argmax(worth))
        order.append(row)
        similarity.append(float(repeated[row]))
        left[row] = False
        nearest = np.maximum(nearest, likeness[row])
    return order, similarity


def _vector(value: Any) -> Matrix | None:
    """A stored vector, float32[dims]; None for anything else."""
    if not isinstance(value, list) or not value:
        return None
    try:
        numbers = np.array(value)
    except ValueError:  # a list of lists that differ
        return None
    if numbers.ndim != 1 or numbers.dtype.kind not in "if":
        return None
    vector: Matrix = numbers.astype(np.float32)
    return vector if np.isfinite(vector).all() else None


def _words(texts: Sequence[str]) -> Matrix:
    """The words of each text as a vector of length 1; the same words give the same direction."""
    counted = [Counter([*(word.casefold() for word in words(text)), *pieces(text)]) for text in texts]
    column = {word: at for at, word in enumerate(dict.fromkeys(word for held in counted for word in held))}
    rows = np.zeros((len(texts), len(column)), np.float32)
    for row, held in enumerate(counted):
        for word, count in held.items():
            rows[row, column[word]] = count
    # A word in every text makes none of them alike.
    rows *= np.log(np.float32(1) + np.float32(len(texts)) / np.maximum(1, np.count_nonzero(rows, axis=0)))
    return _unit(rows)


def _unit(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True).astype(np.float32)
    unit: Matrix = rows / np.maximum(lengths, np.float32(1e-12))
    return unit
