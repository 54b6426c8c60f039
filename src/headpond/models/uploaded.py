"""Models that Eland uploaded: TorchScript with a tokenizer made from the uploaded vocabulary.

Each gives what the model of the store for the same task gives, so that whoever asks need not know which it is. Texts
go through the model one by one, as in Elasticsearch; between two of them the deadline is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from headpond.errors import ModelError
from headpond.inference.deadline import Deadline
from headpond.models.card import Prefixes
from headpond.models.dense import Embedded
from headpond.models.rerank import Scores
from headpond.models.sparse import SparseEmbedded, term_weights
from headpond.models.tokenizer import Encoded
from headpond.models.torchscript import TorchScript
from headpond.models.vocabulary import Tokenization, Truncate, UploadedTokenizer, Vocabulary


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A loaded upload.

    Attributes:
        script: the model.
        tokenizer: its tokenizer.
        prefixes: what is put before a text by its use.
    """

    script: TorchScript
    tokenizer: UploadedTokenizer
    prefixes: Prefixes

    @classmethod
    def load(cls, definition: Path, tokenization: Tokenization, vocabulary: Vocabulary, prefixes: Prefixes) -> Uploaded:
        """Loads an upload; read the warning of `headpond.models.torchscript`.

        Raises:
            MissingExtraError: a package of the extra `torch` is missing.
            ModelError: the tokenizer is not made here, or the definition cannot be loaded.
        """
        return cls(TorchScript(definition), UploadedTokenizer(tokenization, vocabulary), prefixes)

    def _encoded(self, texts: Sequence[str], input_type: str | None, truncate: Truncate | None) -> list[Encoded]:
        prefix = {"search": self.prefixes.search, "ingest": self.prefixes.ingest}.get(input_type or "", "")
        return self.tokenizer.encode(texts, prefix, truncate=truncate)

    def _results(self, encoded: Sequence[Encoded], deadline: Deadline) -> Iterator[npt.NDArray[np.float32]]:
        for text in encoded:
            if deadline.passed:
                raise TimeoutError(f"the model was still running after {deadline}")
            yield self.script.run(text.ids, text.types)

    def embed(
        self,
        texts: Sequence[str],
        input_type: str | None = None,
        *,
        deadline: Deadline,
        truncate: Truncate | None = None,
    ) -> Embedded:
        """One vector for each text, as long as the model makes it.

        Args:
            texts: any number.
            input_type: `ingest` or `search` put the model's prefix before each text.
            deadline: looked at before each text.
            truncate: instead of the tokenization's own.

        Raises:
            InputError: a text is too long and is not to be cut.
            TimeoutError: the deadline passed.
            ModelError: the model fails, or gives no vector.
        """
        encoded = self._encoded(texts, input_type, truncate)
        rows = []
        for result in self._results(encoded, deadline):
            if result.ndim != 1:
                raise ModelError(f"the model gives a tensor of shape {list(result.shape)} for a text, not one vector")
            rows.append(result)
        vectors = np.stack(rows) if rows else np.zeros((0, 0), np.float32)
        return Embedded(vectors, *_counts(encoded))

    def expand(
        self,
        texts: Sequence[str],
        input_type: str | None = None,
        *,
        deadline: Deadline,
        truncate: Truncate | None = None,
    ) -> SparseEmbedded:
        """The weighted terms of each text; arguments and errors as for `embed`.

        A masked language model, which is what Eland exports for this task, is pooled as SPLADE is. (Elasticsearch
        reads the row of the first token alone, which is no expansion.)
        """
        encoded = self._encoded(texts, input_type, truncate)
        tokens = self.tokenizer.vocabulary.tokens
        terms = []
        for text, result in zip(encoded, self._results(encoded, deadline), strict=True):
            weights = term_weights(result, len(text.ids))[: len(tokens)]
            found = np.flatnonzero(weights > 0)
            found = found[np.argsort(-weights[found], kind="stable")]
            terms.append({tokens[number]: float(weights[number]) for number in found})
        return SparseEmbedded(terms, *_counts(encoded))

    def score(
        self, query: str, texts: Sequence[str], *, deadline: Deadline, truncate: Truncate | None = None
    ) -> tuple[Scores, list[bool]]:
        """A relevance for each text, and whether the pair was cut.

        Raises:
            InputError: a pair is too long and cannot be cut.
            TimeoutError: the deadline passed.
            ModelError: the model fails, or gives several numbers.
        """
        encoded = self.tokenizer.encode_pairs(query, texts, truncate=truncate)
        scores = []
        for result in self._results(encoded, deadline):
            if result.size != 1:
                raise ModelError(f"Expected exactly [1] value in text_similarity result; got [{result.size}]")
            scores.append(float(result.flat[0]))
        return np.array(scores, np.float32), [text.truncated for text in encoded]


def _counts(encoded: Sequence[Encoded]) -> tuple[list[int], list[bool]]:
    return [len(text.ids) for text in encoded], [text.truncated for text in encoded]
