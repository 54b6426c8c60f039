"""Dense embeddings: a text becomes one vector, or one vector for each of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from headpond.models.loading import Loaded, PrecisionChoice, load
from headpond.models.runner import Runner
from headpond.models.session import default_threads
from headpond.models.tokenizer import Encoded

Vectors = npt.NDArray[np.float32]
TOKEN_BUDGET = 512
"""Measured: from 192 to 768 all the same, slower above, where a batch no longer fits a core's cache."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Embeddings of some texts, in their order.

    Attributes:
        vectors: float32 [texts, dims], each of length 1.
        tokens: tokens of each text, special tokens and prefix included.
        truncated: whether each text was longer than the model's maximum.
    """

    vectors: Vectors
    tokens: list[int]
    truncated: list[bool]


class DenseModel:
    """A text embedding model; instances are cheap, the weights are loaded once in a process.

    Args:
        loaded: the model, see `DenseModel.load`.
        threads: batches computed at once; by default the cores, at most `HEADPOND_THREADS`.
    """

    def __init__(self, loaded: Loaded, *, threads: int | None = None) -> None:
        self.card = loaded.card
        self.precision = loaded.precision
        self._tokenizer = loaded.tokenizer
        self._runner = Runner(loaded.session, threads=threads or default_threads(), budget=TOKEN_BUDGET)

    @classmethod
    def load(
        cls, name_or_folder: str | Path, *, precision: PrecisionChoice = "auto", threads: int | None = None
    ) -> DenseModel:
        """The model of this name, from the store.

        Raises:
            ModelError: not at hand (the message says how to get it), not a text embedding model, or unusable.
            MissingExtraError: a package of the extra `local` is missing.
        """
        return cls(load(name_or_folder, task="text_embedding", precision=precision), threads=threads)

    @property
    def dims(self) -> int:
        """Length of a vector."""
        assert self.card.dims is not None
        return self.card.dims

    def embed(self, texts: Sequence[str], input_type: str | None = None) -> Embedded:
        """One vector for each text.

        Args:
            texts: any number, in any order of lengths.
            input_type: `ingest` or `search` put the model's prefix before each text; others put none.
        """
        encoded = self._tokenizer.encode(texts, self.prefix(input_type))
        if "sentence" in self._runner.session.outputs:
            rows = self._runner.run(encoded, "sentence", lambda result, row, text: result[row].copy())
        else:
            rows = self._runner.run(encoded, self._runner.session.outputs[0], self._pooled)
        vectors = np.stack(rows) if rows else np.zeros((0, self.dims), np.float32)
        return Embedded(vectors, [len(text.ids) for text in encoded], [text.truncated for text in encoded])

    def token_vectors(self, texts: Sequence[str], input_type: str | None = None) -> list[Vectors]:
        """For each text the vectors of its own tokens, without prefix and special tokens.

        Returns:
            float32 [tokens, dims] for each text, each vector of length 1; no rows for an empty text.
        """
        encoded = self._tokenizer.encode(texts, self.prefix(input_type))
        outputs = self._runner.session.outputs
        return self._runner.run(encoded, "tokens" if "tokens" in outputs else outputs[0], _tokens)

    def token_ids(self, text: str, input_type: str | None = None) -> list[int]:
        """The ids of the tokens whose vectors `token_vectors` returns, in its order."""
        encoded = self._tokenizer.encode([text], self.prefix(input_type))[0]
        return encoded.ids[encoded.first : encoded.last]

    def prefix(self, input_type: str | None) -> str:
        """What is put before a text of this `input_type`."""
        if input_type == "search":
            return self.card.prefixes.search
        return self.card.prefixes.ingest if input_type == "ingest" else ""

    def _pooled(self, hidden: Vectors, row: int, text: Encoded) -> Vectors:
        own = hidden[row, : len(text.ids)]
        vector: Vectors = own[0] if self.card.pooling == "cls" else own.mean(axis=0)
        return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _tokens(hidden: Vectors, row: int, text: Encoded) -> Vectors:
    own = hidden[row, text.first : text.last]
    norms = np.linalg.norm(own, axis=1, keepdims=True)
    normed: Vectors = own / np.maximum(norms, 1e-12)
    return normed
