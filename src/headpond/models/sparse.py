"""Learned sparse embeddings: a text becomes weighted vocabulary terms, its own and related ones."""

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

TOKEN_BUDGET = 512
"""Every token costs a row of the whole vocabulary (122 kB at 30,522 terms) until the maximum is taken."""


@dataclass(frozen=True, slots=True)
class SparseEmbedded:
    """Sparse embeddings of some texts, in their order.

    Attributes:
        terms: weight by vocabulary term for each text, heaviest first, weights above 0.
        tokens: tokens of each text, special tokens included.
        truncated: whether each text was longer than the model's maximum.
    """

    terms: list[dict[str, float]]
    tokens: list[int]
    truncated: list[bool]


class SparseModel:
    """A SPLADE model; instances are cheap, the weights are loaded once in a process.

    Args:
        loaded: the model, see `SparseModel.load`.
        threads: batches computed at once; by default the cores, at most `HEADPOND_THREADS`.
    """

    def __init__(self, loaded: Loaded, *, threads: int | None = None) -> None:
        self.card = loaded.card
        self.precision = loaded.precision
        self._tokenizer = loaded.tokenizer
        self._vocabulary = np.array(loaded.tokenizer.vocabulary(), dtype=object)
        self._runner = Runner(
            loaded.session, threads=threads or default_threads(), budget=TOKEN_BUDGET, exact=loaded.exact
        )

    @classmethod
    def load(
        cls, name_or_folder: str | Path, *, precision: PrecisionChoice = "auto", threads: int | None = None
    ) -> SparseModel:
        """The model of this name, from the store.

        Raises:
            ModelError: not at hand (the message says how to get it), not a sparse model, or unusable.
            MissingExtraError: a package of the extra `local` is missing.
        """
        return cls(load(name_or_folder, task="sparse_embedding", precision=precision), threads=threads)

    def embed(
        self,
        texts: Sequence[str],
        input_type: str | None = None,
        *,
        top: int | None = None,
        deadline: Deadline | None = None,
    ) -> SparseEmbedded:
        """The terms of each text.

        Args:
            texts: any number, in any order of lengths.
            input_type: puts the model's prefix before each text, if it has one.
            top: keep only this many of the heaviest terms.
            deadline: looked at before each batch.

        Raises:
            TimeoutError: the deadline passed.
        """
        prefixes = {"ingest": self.card.prefixes.ingest, "search": self.card.prefixes.search}
        encoded = self._tokenizer.encode(texts, prefixes.get(input_type or "", ""))

        def terms_of(result: npt.NDArray[np.float32], row: int, text: Encoded) -> dict[str, float]:
            own = term_weights(result[row], len(text.ids))
            if len(own) < len(self._vocabulary):
                known = len(self._vocabulary)
                raise ModelError(
                    f"{self.card.name} gives {len(own)} weights for a text, its vocabulary has {known} words"
                )
            found = np.flatnonzero(own[: len(self._vocabulary)] > 0)
            found = found[np.argsort(-own[found], kind="stable")][:top]
            return dict(zip(self._vocabulary[found].tolist(), own[found].tolist(), strict=True))

        terms = self._runner.run(encoded, self._runner.session.outputs[0], terms_of, deadline=deadline)
        return SparseEmbedded(terms, [len(text.ids) for text in encoded], [text.truncated for text in encoded])


def term_weights(result: npt.NDArray[np.float32], tokens: int) -> npt.NDArray[np.float32]:
    """SPLADE's weights of one text, from what a graph gives for it.

    Args:
        result: the weights themselves [vocabulary], or the logits of a masked language model [tokens, vocabulary].
        tokens: how many rows are real; the others are padding.

    Returns:
        float32 [vocabulary]: of logits `max over tokens of log(1 + relu(logit))`, Formal et al., "SPLADE v2" (2021),
        equation 4.
    """
    if result.ndim == 1:
        return result
    best: npt.NDArray[np.float32] = result[:tokens].max(axis=0)
    return np.log1p(np.maximum(best, 0))
