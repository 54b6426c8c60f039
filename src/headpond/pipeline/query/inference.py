"""Asks endpoints for query stages: each call within its time, nothing twice, nothing of an endpoint that is down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeGuard, TypeVar

import numpy as np
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.pipeline.api_error import describe
from headpond.pipeline.query.caches import Caches, key, keys
from headpond.pipeline.query.fingerprints import Fingerprints
from headpond.pipeline.query.lines import lines_of
from headpond.pipeline.spec import CacheSection
from headpond.stages.deadline import Deadline
from headpond.stages.inference import Embedding

LONGEST = 600.0
"""Seconds that a call may take at most."""

T = TypeVar("T")


class CallFailedError(RuntimeError):
    """The target refused a call or did not answer; the message says what it said."""


class ClientInference:
    """The `QueryInference` of searches, through the official client.

    What it was asked before is found in `caches`. What another search is asking just now is waited for. The rest goes
    to the endpoint's line (`lines.py`), where calls are made in threads, so that the caller is back in time even when
    the target is stuck; the target is told the same time-out and the connection is closed after it, so that nothing is
    left behind.

    Args:
        client: of the target.
        caches: what to remember; None for the sizes of a pipeline file that says nothing.

    Attributes:
        caches: as given.
        fingerprints: of the target's endpoints.
    """

    def __init__(self, client: Elasticsearch, caches: Caches | None = None) -> None:
        self._client = client
        self._lines = lines_of(client)
        self.caches = caches or Caches(CacheSection.model_validate({}))
        self.fingerprints = Fingerprints(client)

    def rerank(self, inference_id: str, query: str, texts: Sequence[str], *, seconds: float) -> list[float]:
        """One score for each text, in order; fewer when the endpoint left some out.

        A text that was scored for this query before is not sent again.

        Raises:
            TimeoutError: no answer within `seconds`.
            NotAskedError: the endpoint failed several times in a row and is left alone for now.
            CallFailedError: the target refused the call, or does not answer.
            ValueError: the answer is not what the API promises.
        """
        deadline = _deadline(seconds)
        kept = self.caches.rerank_scores
        line = self._lines.rerank(inference_id)
        if kept.empty:
            line.check(deadline)  # so that a search need not do anything for an endpoint that is down
        model = self.fingerprints.of(inference_id, deadline) if kept.on else None
        names = [] if model is None else keys((model, query), texts)
        known = kept.get_all(names)
        missing = [place for place in range(len(texts)) if not names or names[place] not in known]
        found: dict[int, float | None] = {}
        if missing:
            item = query, tuple(texts[place] for place in missing)

            def keep(scores: list[float | None]) -> None:
                ranked = zip(missing, scores, strict=True)
                if names:
                    kept.put_all({names[place]: score for place, score in ranked if _is_score(score)})

            scores = _said(line.begin(self._client, item, deadline, keep=keep))
            found = dict(zip(missing, scores, strict=True))
        every = [found[place] if place in found else known[names[place]] for place in range(len(texts))]
        return [score for score in every if score is not None]

    def embed(self, inference_id: str, task_type: str, texts: Sequence[str], *, seconds: float) -> list[Embedding]:
        """One embedding for each text, in order; raises as `rerank`."""
        deadline = _deadline(seconds)
        waits = [self.begin_embed(inference_id, task_type, text, deadline) for text in texts]
        return [_said(wait) for wait in waits]

    def begin_embed(self, inference_id: str, task_type: str, text: str, deadline: Deadline) -> Callable[[], Embedding]:
        """Begins to embed a text as a query; what it gives waits for the vector.

        Both raise as `rerank`, but the client's own errors where that raises `CallFailedError`.

        Args:
            inference_id: the endpoint.
            task_type: `text_embedding` or `sparse_embedding`.
            text: any.
            deadline: until when.
        """
        kept, model = self.caches.query_embeddings, None
        if kept.on:
            model = self.fingerprints.of(inference_id, deadline)
        line = self._lines.embed(inference_id, task_type)
        if model is None:
            return line.begin(self._client, text, deadline)
        name = key(model, task_type, text)
        found = kept.get(name)
        if found is not None:
            return lambda: found

        def keep(embedding: Embedding) -> None:
            if isinstance(embedding, np.ndarray):
                embedding.setflags(write=False)  # many searches share it
            kept.put(name, embedding)

        return line.begin(self._client, text, deadline, known=lambda: kept.get(name, counted=False), keep=keep)

    def complete(
        self, inference_id: str, prompt: str, *, seconds: float, on_piece: Callable[[str], None] | None = None
    ) -> str:
        """The text of a completion; raises as `rerank`.

        Pieces come from another thread, none after `seconds`. They come before the end only through a client that
        `headpond.connect` made; any other reads an answer to its end before it hands it over.
        """
        deadline = _deadline(seconds)

        def tell(piece: str) -> None:
            if on_piece is not None and not deadline.passed:
                on_piece(piece)

        item = prompt, None if on_piece is None else tell
        return _said(self._lines.complete(inference_id).begin(self._client, item, deadline))


def _is_score(score: float | None) -> TypeGuard[float]:
    return score is not None and math.isfinite(score)


def _deadline(seconds: float) -> Deadline:
    return Deadline(min(seconds, LONGEST))


def _said(wait: Callable[[], T]) -> T:
    """What is waited for; errors of the client in words."""
    try:
        return wait()
    except (ApiError, TransportError) as error:
        raise CallFailedError(describe(error)) from error
