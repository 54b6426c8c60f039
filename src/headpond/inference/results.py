"""What an inference answers, as arrays, with Elasticsearch's JSON shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headpond.errors import RestError

ElementType = Literal["float", "byte", "bit"]

_KEYS: Mapping[ElementType, str] = {
    "float": "text_embedding",
    "byte": "text_embedding_bytes",
    "bit": "text_embedding_bits",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call cost.

    Attributes:
        inputs: texts sent (for rerank the documents).
        tokens: tokens as the provider bills them or the local model read them; None when unknown.
    """

    inputs: int
    tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        known = self.tokens is not None and other.tokens is not None
        tokens = (self.tokens or 0) + (other.tokens or 0) if known else None
        return Usage(self.inputs + other.inputs, tokens)


@dataclass(frozen=True, slots=True, eq=False)
class TextEmbedding:
    """Dense vectors, one row for each input, in the inputs' order.

    Attributes:
        vectors: float32[inputs, dimensions]; int8[inputs, dimensions] for `byte`; int8[inputs, dimensions / 8] for
            `bit`, where a byte packs eight dimensions.
        usage: what the call cost.
        element: the element type, which also chooses the key of the answer.
    """

    vectors: NDArray[np.float32] | NDArray[np.int8]
    usage: Usage
    element: ElementType = "float"

    @property
    def dimensions(self) -> int:
        """Dimensions of one vector (for `bit` eight times the bytes)."""
        return int(self.vectors.shape[1]) * (8 if self.element == "bit" else 1)

    @classmethod
    def joined(cls, parts: Sequence[TextEmbedding]) -> TextEmbedding:
        """The vectors of several calls one below the other.

        Raises:
            RestError: the calls gave vectors of different lengths.
        """
        first = parts[0]
        if len(parts) == 1:
            return first
        lengths = sorted({part.dimensions for part in parts})
        if len(lengths) > 1:
            reason = f"The service answered with embeddings of different sizes {lengths}"
            raise RestError(500, "illegal_state_exception", reason)
        usage = sum((part.usage for part in parts[1:]), first.usage)
        return cls(np.concatenate([part.vectors for part in parts]), usage, first.element)

    def to_json(self) -> dict[str, Any]:
        """`{"text_embedding": [{"embedding": [...]}]}`, or the key of the element type; rows stay numpy arrays."""
        return {_KEYS[self.element]: [{"embedding": row} for row in self.vectors]}


@dataclass(frozen=True, slots=True)
class SparseVector:
    """The weighted tokens of one input.

    Attributes:
        weights: token -> weight, all above zero.
        is_truncated: whether the model cut the input.
    """

    weights: Mapping[str, float]
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class SparseEmbedding:
    """Sparse vectors, one for each input, in the inputs' order."""

    vectors: tuple[SparseVector, ...]
    usage: Usage

    @classmethod
    def joined(cls, parts: Sequence[SparseEmbedding]) -> SparseEmbedding:
        """The vectors of several calls, one after the other."""
        usage = sum((part.usage for part in parts[1:]), parts[0].usage)
        return cls(tuple(vector for part in parts for vector in part.vectors), usage)

    def to_json(self) -> dict[str, Any]:
        """`{"sparse_embedding": [{"is_truncated", "embedding": {token: weight}}]}`; weights print as float32."""
        return {
            "sparse_embedding": [
                {
                    "is_truncated": vector.is_truncated,
                    "embedding": {token: np.float32(weight) for token, weight in vector.weights.items()},
                }
                for vector in self.vectors
            ]
        }


@dataclass(frozen=True, slots=True)
class Ranked:
    """One document's place.

    Attributes:
        index: its position in the request's input.
        relevance_score: higher is better; the scale is the model's own.
        text: the document, when asked for and known.
    """

    index: int
    relevance_score: float
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Rerank:
    """Documents in the order of their relevance, best first."""

    ranked: tuple[Ranked, ...]
    usage: Usage

    def to_json(self) -> dict[str, Any]:
        """`{"rerank": [{"index", "relevance_score", "text"?}]}`; scores print as float32."""
        return {"rerank": [_ranked(item) for item in self.ranked]}


def _ranked(item: Ranked) -> dict[str, Any]:
    shown: dict[str, Any] = {"index": item.index, "relevance_score": np.float32(item.relevance_score)}
    if item.text is not None:
        shown["text"] = item.text
    return shown


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model answered: one text for each choice, mostly one."""

    texts: tuple[str, ...]
    usage: Usage

    def to_json(self) -> dict[str, Any]:
        """`{"completion": [{"result": "..."}]}`."""
        return {"completion": [{"result": text} for text in self.texts]}


def rank(
    scores: NDArray[np.float32], documents: tuple[str, ...], *, top_n: int | None, with_text: bool, usage: Usage
) -> Rerank:
    """Orders documents by score, best first; equal scores keep the documents' order.

    Args:
        scores: float32[documents].
        documents: the texts.
        top_n: how many to keep; None or more than there are keeps all.
        with_text: whether the answer carries the texts.
        usage: what the call cost.
    """
    order = np.argsort(-scores, kind="stable")[:top_n]
    ranked = (Ranked(int(i), float(scores[i]), documents[i] if with_text else None) for i in order)
    return Rerank(tuple(ranked), usage)


Result = TextEmbedding | SparseEmbedding | Rerank | Completion

RESULT_NAMES: Mapping[type, str] = {
    TextEmbedding: "text_embedding_service_float_results",
    SparseEmbedding: "sparse_embedding_results",
    Rerank: "rerank_service_results",
    Completion: "chat_completion_service_results",
}
