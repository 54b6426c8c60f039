"""Asks a rerank endpoint and stops waiting at a deadline, whatever the target does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Any

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch

MOST_AT_ONCE = 64
"""Calls that may be under way; abandoned ones count until they end."""


class DeadlineReranker:
    """The `Reranker` of a search.

    A call runs in a thread of its own, so that the caller is back in time even when the target is stuck; the target is
    told the same time-out, so that it gives up too.
    """

    _slots = threading.BoundedSemaphore(MOST_AT_ONCE)

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def rerank(self, inference_id: str, query: str, texts: Sequence[str], *, seconds: float) -> list[float]:
        """One score for each text, in order; fewer when the endpoint left some out.

        Raises:
            TimeoutError: no answer within `seconds`.
            RuntimeError: too many calls are under way.
            Exception: what the call raised.
        """
        if seconds <= 0:
            raise TimeoutError
        if not self._slots.acquire(blocking=False):
            raise RuntimeError(f"{MOST_AT_ONCE} rerank calls are under way already")
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        arguments = (answers, inference_id, query, list(texts), seconds)
        threading.Thread(target=self._ask, args=arguments, daemon=True, name="headpond-rerank").start()
        try:
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(answer, ConnectionTimeout) or (isinstance(answer, ApiError) and answer.meta.status == 408):
            raise TimeoutError
        if isinstance(answer, Exception):
            raise answer
        return _scores(answer, len(texts))

    def _ask(
        self, answers: queue.SimpleQueue[Any], inference_id: str, query: str, texts: list[str], seconds: float
    ) -> None:
        try:
            client = self._client.options(request_timeout=seconds, max_retries=0)
            timeout = f"{max(1, int(seconds * 1000))}ms"
            answers.put(
                client.inference.rerank(inference_id=inference_id, query=query, input=texts, timeout=timeout).body
            )
        except Exception as error:
            answers.put(error)
        finally:
            self._slots.release()


def _scores(body: Any, count: int) -> list[float]:
    """The scores in the order of the request.

    Raises:
        ValueError: the answer is not a rerank answer.
    """
    try:
        # Old servers send both as texts.
        found = {int(item["index"]): float(item["relevance_score"]) for item in body["rerank"]}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the answer is no rerank answer: {error!r}") from None
    return [found[place] for place in range(count) if place in found]
