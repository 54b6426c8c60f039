"""Scoring passages against a query."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from headpond.errors import ModelError
from headpond.inference.deadline import Deadline
from headpond.models.card import Card
from headpond.models.dense import DenseModel
from headpond.models.loading import Loaded, PrecisionChoice, load
from headpond.models.runner import Runner
from headpond.models.session import default_threads
from headpond.models.tokenizer import Encoded

Scores = npt.NDArray[np.float32]
CACHE_BYTES = 256 * 1024 * 1024


class Reranker(Protocol):
    """What scores passages."""

    card: Card

    def score(self, query: str, texts: Sequence[str], *, deadline: Deadline | None = None) -> Scores:
        """A relevance for each text, float32 [texts]; higher is better.

        Raises:
            TimeoutError: the deadline, which is looked at before each batch, passed.
        """
        ...


class PassageCache:
    """Token vectors of passages by text, in half precision; the least recently used go first.

    Args:
        limit: most bytes kept.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, npt.NDArray[np.float16]] = OrderedDict()
        self.bytes = 0

    def get(self, key: bytes) -> npt.NDArray[np.float16] | None:
        """The vectors under this key, which become the most recently used."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: bytes, vectors: npt.NDArray[np.float16]) -> None:
        """Keeps vectors, and lets go of old ones when there are too many."""
        with self._lock:
            if key in self._kept or vectors.nbytes > self._limit:
                return
            self._kept[key] = vectors
            self.bytes += vectors.nbytes
            while self.bytes > self._limit:
                self.bytes -= self._kept.popitem(last=False)[1].nbytes


class LateInteraction:
    """MaxSim over the token vectors of a dense model; no cross-encoder, and never called one.

    Khattab and Zaharia, "ColBERT" (2020), equation 3, as a mean: for every token of the query the largest cosine among
    the passage's tokens, averaged over the query's tokens. Scores lie between -1 and 1.

    Args:
        model: the dense model.
        cache: where passages' token vectors are kept.
    """

    def __init__(self, model: DenseModel, *, cache: PassageCache | None = None) -> None:
        self.card = model.card
        self._model = model
        self._cache = cache if cache is not None else PassageCache()

    @classmethod
    def load(
        cls, name_or_folder: str | Path, *, precision: PrecisionChoice = "auto", threads: int | None = None
    ) -> LateInteraction:
        """Late interaction over the dense model of this name; errors as in `DenseModel.load`."""
        return cls(DenseModel.load(name_or_folder, precision=precision, threads=threads))

    def score(
        self,
        query: str,
        texts: Sequence[str],
        *,
        token_weights: Mapping[int, float] | None = None,
        deadline: Deadline | None = None,
    ) -> Scores:
        """A relevance for each text.

        Args:
            query: what is searched.
            texts: the passages.
            token_weights: weight of a query token by its id, for example its inverse document frequency; 1 if absent.
            deadline: looked at before each batch.

        Raises:
            TimeoutError: the deadline passed.

        Returns:
            float32 [texts]; 0 for a text or a query without tokens.
        """
        asked = self._model.token_vectors([query], "search", deadline=deadline)[0]
        passages = self._passages(texts, deadline)
        scores = np.zeros(len(texts), np.float32)
        full = [index for index, vectors in enumerate(passages) if len(vectors)]
        if not full or not len(asked):
            return scores
        weights = np.ones(len(asked), np.float32)
        if token_weights is not None:
            ids = self._model.token_ids(query, "search")
            weights = np.array([token_weights.get(token, 1.0) for token in ids], np.float32)
        weights /= max(float(weights.sum()), 1e-12)
        stacked = np.concatenate([passages[index] for index in full]).astype(np.float32)
        starts = np.cumsum([0, *(len(passages[index]) for index in full[:-1])])
        best = np.maximum.reduceat(stacked @ asked.T, starts, axis=0)
        scores[full] = best @ weights
        return scores

    def _passages(self, texts: Sequence[str], deadline: Deadline | None) -> list[npt.NDArray[np.float16]]:
        keys = [hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest() for text in texts]
        found = {key: vectors for key in keys if (vectors := self._cache.get(key)) is not None}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        computed = self._model.token_vectors(list(missing.values()), "ingest", deadline=deadline)
        for key, fresh in zip(missing, computed, strict=True):
            found[key] = fresh.astype(np.float16)
            self._cache.put(key, found[key])
        return [found[key] for key in keys]


class CrossEncoder:
    """A model that reads query and passage together.

    Args:
        loaded: the model, see `CrossEncoder.load`.
        threads: batches computed at once; by default the cores, at most `HEADPOND_THREADS`.
    """

    def __init__(self, loaded: Loaded, *, threads: int | None = None) -> None:
        self.card = loaded.card
        self.precision = loaded.precision
        self._tokenizer = loaded.tokenizer
        self._runner = Runner(loaded.session, threads=threads or default_threads(), budget=2048, exact=loaded.exact)

    @classmethod
    def load(
        cls, name_or_folder: str | Path, *, precision: PrecisionChoice = "auto", threads: int | None = None
    ) -> CrossEncoder:
        """The cross-encoder of this name, from the store; errors as in `DenseModel.load`."""
        return cls(load(name_or_folder, task="rerank", precision=precision), threads=threads)

    def score(self, query: str, texts: Sequence[str], *, deadline: Deadline | None = None) -> Scores:
        """The model's logit for each text, float32 [texts]; higher is more relevant, without bounds.

        Raises:
            TimeoutError: the deadline, which is looked at before each batch, passed.
        """
        encoded = self._tokenizer.encode_pairs(query, texts)
        output = self._runner.session.outputs[0]
        return np.array(self._runner.run(encoded, output, self._relevance, deadline=deadline), np.float32)

    def _relevance(self, result: Scores, row: int, _: Encoded) -> float:
        own = result[row]
        if own.size > 2:  # one label, or two: irrelevant and relevant
            raise ModelError(f"{self.card.name} gives {own.size} numbers for a query and a text, not one relevance")
        return float(own.flat[-1])
