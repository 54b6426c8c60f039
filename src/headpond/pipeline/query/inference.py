"""Asks endpoints for query stages and stops waiting at a deadline, whatever the target does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch

from headpond.pipeline.infer import infer
from headpond.stages.inference import Embedding

MOST_AT_ONCE = 64
"""Calls that may be under way; abandoned ones count until they end."""


class ClientInference:
    """The `QueryInference` of searches, through the official client.

    A call runs in a thread of its own, so that the caller is back in time even when the target is stuck; the target is
    told the same time-out, so that it gives up too.

    Args:
        client: of the target.
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

        def ask(client: Elasticsearch, timeout: str) -> Any:
            return client.inference.rerank(inference_id=inference_id, query=query, input=list(texts), timeout=timeout)

        return _scores(self._within(seconds, ask).body, len(texts))

    def embed(self, inference_id: str, task_type: str, texts: Sequence[str], *, seconds: float) -> list[Embedding]:
        """One embedding for each text, in order; raises as `rerank`."""

        def ask(client: Elasticsearch, timeout: str) -> list[Embedding]:
            return infer(client, inference_id, task_type, texts, input_type="search", timeout=timeout)[0]

        found: list[Embedding] = self._within(seconds, ask)
        return found

    def complete(
        self, inference_id: str, prompt: str, *, seconds: float, on_piece: Callable[[str], None] | None = None
    ) -> str:
        """The text of a completion; raises as `rerank`."""

        def ask(client: Elasticsearch, timeout: str) -> str:
            found = infer(client, inference_id, "completion", [prompt], input_type="search", timeout=timeout)[0]
            return str(found[0])

        text: str = self._within(seconds, ask)
        if on_piece is not None:
            on_piece(text)
        return text

    def _within(self, seconds: float, ask: Callable[[Elasticsearch, str], Any]) -> Any:
        """What `ask` gives, unless that takes too long."""
        if seconds <= 0:
            raise TimeoutError
        if not self._slots.acquire(blocking=False):
            raise RuntimeError(f"{MOST_AT_ONCE} inference calls are under way already")
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        arguments = (answers, ask, seconds)
        threading.Thread(target=self._ask, args=arguments, daemon=True, name="headpond-inference").start()
        try:
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(answer, ConnectionTimeout) or (isinstance(answer, ApiError) and answer.meta.status == 408):
            raise TimeoutError
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ask(self, answers: queue.SimpleQueue[Any], ask: Callable[[Elasticsearch, str], Any], seconds: float) -> None:
        try:
            client = self._client.options(request_timeout=seconds, max_retries=0)
            answers.put(ask(client, f"{max(1, int(seconds * 1000))}ms"))
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
