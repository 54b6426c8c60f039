"""What a stage may ask of inference endpoints and models; the job, the search and the node give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from headpond.errors import RestError
from headpond.inference.chunking import Span

Embedding = NDArray[np.float32] | NDArray[np.int8] | dict[str, float] | str
"""float32[dims], int8[dims] (for bits dims / 8), token -> weight, or the text of a completion."""


def digest(fingerprint: str, text: str) -> str:
    """16 hex digits that stand for a text embedded by a model; a document keeps them beside its vectors."""
    return blake2b(f"{fingerprint}\0{text}".encode(errors="surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class InferenceFailure:
    """An input that could not be inferred.

    Attributes:
        error: what the endpoint said in the end.
        attempts: requests that carried this input.
        cause: Elasticsearch's error for it, where there is one.
    """

    error: str
    attempts: int
    cause: RestError | None = None


class Unasked(InferenceFailure):
    """An input that was not asked, because the job has to end; its record is left to the next run."""


class Embedder(Protocol):
    """Embeds many texts; batching, retries and caching are behind it."""

    def embed(self, inference_id: str, texts: Sequence[str]) -> list[Embedding | InferenceFailure]:
        """One result for each text, in order. Failures of single texts are results, not exceptions.

        Raises:
            JobError: the endpoint cannot be used at all (gone, access refused).
        """


class NotAskedError(RuntimeError):
    """An endpoint is left alone for now; the message says why and until when."""


def failure(inference_id: str, error: Exception) -> str:
    """What became of a call that raised something else than `TimeoutError`, as `degraded` says it."""
    return f"[{inference_id}] {error}" if isinstance(error, NotAskedError) else f"[{inference_id}] failed: {error}"


class QueryInference(Protocol):
    """What query stages may ask of endpoints, each call within a time.

    All raise `TimeoutError` when there is no answer within `seconds` (the work is abandoned), and whatever else the
    call raised.
    """

    def rerank(self, inference_id: str, query: str, texts: Sequence[str], *, seconds: float) -> list[float]:
        """One score for each text, in order; higher is better."""

    def embed(self, inference_id: str, task_type: str, texts: Sequence[str], *, seconds: float) -> list[Embedding]:
        """One embedding for each text, in order.

        Args:
            inference_id: the endpoint.
            task_type: `text_embedding` or `sparse_embedding`.
            texts: at least one; embedded as queries.
            seconds: the time there is.
        """

    def complete(
        self, inference_id: str, prompt: str, *, seconds: float, on_piece: Callable[[str], None] | None = None
    ) -> str:
        """The text of a completion.

        Args:
            inference_id: the endpoint.
            prompt: the input.
            seconds: the time there is.
            on_piece: called with each piece of the text while it comes; without it the endpoint is not asked to stream.
        """


@runtime_checkable
class PartialEmbedder(Protocol):
    """An embedder that, where it has to end, tells what it has; a stage that asks it must know `Unasked`."""

    def embed_some(self, inference_id: str, texts: Sequence[str]) -> list[Embedding | InferenceFailure]:
        """As `Embedder.embed`, with `Unasked` for texts that were not asked any more."""


class Tokens(Protocol):
    """How a model cuts texts into tokens.

    Attributes:
        most: tokens of a text that the model reads at most; its own special tokens are not counted.
    """

    most: int

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """The tokens of each text as (start, end) in characters, all of them."""


TokensOf = Callable[[str], Tokens]
"""Gives the tokens of a model by its name; raises a `HeadpondError` when the model is not at hand."""
