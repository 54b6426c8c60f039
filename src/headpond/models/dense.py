"""Dense embeddings: a text becomes one vector, or one vector for each of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from headpond.errors import ModelError
from headpond.inference.deadline import Deadline
from headpond.models.loading import Loaded, PrecisionChoice, load
from headpond.models.runner import Runner
from headpond.models.session import default_threads
from headpond.models.tokenizer import Encoded

Vectors = npt.NDArray[np.float32]
TOKEN_BUDGET = 512
"""Measured: from 192 to 768 all the same, slower above, where a batch no longer fits a core's cache."""

SENTENCE_OUTPUTS = ("sentence_embedding", "sentence")
"""Outputs that hold one vector for each text: sentence-transformers' name, and that of graphs built here."""

TOKEN_OUTPUTS = ("tokens", "token_embeddings", "last_hidden_state")
"""Outputs that hold a vector for each token: ours, sentence-transformers', transformers'."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Embeddings of some texts, in their order.

    Attributes:
        vectors: float32 [texts, dims], each of length 1 unless the model's card says otherwise.
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
        self._runner = Runner(
            loaded.session, threads=threads or default_threads(), budget=TOKEN_BUDGET, exact=loaded.exact
        )

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

    def embed(
        self, texts: Sequence[str], input_type: str | None = None, *, deadline: Deadline | None = None
    ) -> Embedded:
        """One vector for each text.

        Args:
            texts: any number, in any order of lengths.
            input_type: `ingest` or `search` put the model's prefix before each text; others put none.
            deadline: looked at before each batch.

        Raises:
            TimeoutError: the deadline passed.
        """
        encoded = self._tokenizer.encode(texts, self.prefix(input_type))
        # The graphs built here scale their sentence vectors; without scaling the tokens are pooled instead.
        known = SENTENCE_OUTPUTS if self.card.unit else SENTENCE_OUTPUTS[:1]
        output = self._output((*known, *TOKEN_OUTPUTS))
        # A query's vector must not depend on the queries that came along with it.
        rows = self._runner.run(encoded, output, self._vector, apart=input_type == "search", deadline=deadline)
        vectors = np.stack(rows) if rows else np.zeros((0, self.dims), np.float32)
        return Embedded(vectors, [len(text.ids) for text in encoded], [text.truncated for text in encoded])

    def token_vectors(
        self, texts: Sequence[str], input_type: str | None = None, *, deadline: Deadline | None = None
    ) -> list[Vectors]:
        """For each text the vectors of its own tokens, without prefix and special tokens.

        Returns:
            float32 [tokens, dims] for each text, each vector of length 1; no rows for an empty text.

        Raises:
            ModelError: the model's graph gives vectors of whole texts only.
            TimeoutError: the deadline, which is looked at before each batch, passed.
        """
        encoded = self._tokenizer.encode(texts, self.prefix(input_type))
        return self._runner.run(encoded, self._output(TOKEN_OUTPUTS), self._tokens, deadline=deadline)

    def token_ids(self, text: str, input_type: str | None = None) -> list[int]:
        """The ids of the tokens whose vectors `token_vectors` returns, in its order."""
        encoded = self._tokenizer.encode([text], self.prefix(input_type))[0]
        return encoded.ids[encoded.first : encoded.last]

    def prefix(self, input_type: str | None) -> str:
        """What is put before a text of this `input_type`."""
        if input_type == "search":
            return self.card.prefixes.search
        return self.card.prefixes.ingest if input_type == "ingest" else ""

    def _output(self, names: tuple[str, ...]) -> str:
        outputs = self._runner.session.outputs
        return next((name for name in names if name in outputs), outputs[0])

    def _vector(self, result: Vectors, row: int, text: Encoded) -> Vectors:
        own: Vectors = result[row]
        if own.ndim == 2:  # one vector for each token
            own = own[0] if self.card.pooling == "cls" else own[: len(text.ids)].mean(axis=0)
        return own / max(float(np.linalg.norm(own)), 1e-12) if self.card.unit else own.copy()

    def _tokens(self, result: Vectors, row: int, text: Encoded) -> Vectors:
        if result.ndim != 3:
            raise ModelError(
                f"{self.card.name} gives one vector for a text and none for its tokens",
                hint="late interaction needs those: choose another model to rerank with",
            )
        own = result[row, text.first : text.last]
        norms = np.linalg.norm(own, axis=1, keepdims=True)
        normed: Vectors = own / np.maximum(norms, 1e-12)
        return normed
