"""The lines to the endpoints of a target, which all searches of this process on one client share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from elasticsearch import Elasticsearch

from headpond.inference.workers import Workers
from headpond.pipeline.completion import StreamError, complete
from headpond.pipeline.infer import infer
from headpond.pipeline.query.breaker import Breaker
from headpond.pipeline.query.line import Line
from headpond.pipeline.query.patience import within
from headpond.stages.inference import Embedding

MOST_THREADS = 128
IDLE = 5.0
"""Seconds after which a thread without work ends."""

GRACE = 0.05
"""Seconds in which the target can say that the time is over, before the connection is closed and its node suspected."""

EMBED_AT_ONCE, EMBED_LARGEST = 4, 16
"""Calls at a time, and texts in one: what every embedding service takes."""

SPARSE_AT_ONCE = 16
"""Sparse models are asked for one text at a time: they run inputs one by one, or are quantised ones in the pond, whose
weights for a text depend a little on the texts beside it."""

RERANK_AT_ONCE = 32
COMPLETE_AT_ONCE = 8

RerankItem = tuple[str, tuple[str, ...]]
"""A query and the texts to be ranked."""

CompleteItem = tuple[str, Callable[[str], None] | None]
"""A prompt, and what takes the pieces of the answer; without it the endpoint is not asked to stream."""


class Lines:
    """The lines of one target; none of them holds its client for longer than a call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers = Workers(MOST_THREADS, idle=IDLE)
        self._lines: dict[tuple[str, str], Line[Any, Any]] = {}

    @property
    def busy(self) -> int:
        """Calls under way."""
        return sum(line.busy for line in self._lines.values())

    def embed(self, inference_id: str, task_type: str) -> Line[str, Embedding]:
        """Texts to be embedded as queries."""

        def send(client: Elasticsearch, texts: Sequence[str], seconds: float) -> Sequence[Embedding]:
            patient, timeout = within(client, seconds + GRACE), _timeout(seconds)
            return infer(patient, inference_id, task_type, texts, input_type="search", timeout=timeout)[0]

        if task_type == "sparse_embedding":
            return self._line(inference_id, task_type, send, SPARSE_AT_ONCE, 1)
        return self._line(inference_id, task_type, send, EMBED_AT_ONCE, EMBED_LARGEST)

    def rerank(self, inference_id: str) -> Line[RerankItem, list[float | None]]:
        """Texts to be scored against a query; None where the endpoint gave a text no score."""

        def send(client: Elasticsearch, items: Sequence[RerankItem], seconds: float) -> Sequence[list[float | None]]:
            ((query, texts),) = items
            answer = within(client, seconds + GRACE).inference.rerank(
                inference_id=inference_id, query=query, input=list(texts), timeout=_timeout(seconds)
            )
            return [_scores(answer.body, len(texts))]

        return self._line(inference_id, "rerank", send, RERANK_AT_ONCE, 1)

    def complete(self, inference_id: str) -> Line[CompleteItem, str]:
        """Prompts to be completed, each with what takes the pieces of its text."""

        def send(client: Elasticsearch, items: Sequence[CompleteItem], seconds: float) -> Sequence[str]:
            ((prompt, tell),) = items
            patient, timeout = within(client, seconds + GRACE), _timeout(seconds)
            if tell is not None:
                told: list[str] = []

                def hear(piece: str) -> None:
                    told.append(piece)
                    tell(piece)

                try:
                    return [complete(patient, inference_id, "completion", prompt, hear, timeout=timeout)]
                except StreamError as error:
                    if error.status == 408:
                        raise TimeoutError from None
                    # A service that cannot stream refuses to.
                    if told or error.status not in (400, 405, 501):
                        raise
            found = infer(patient, inference_id, "completion", [prompt], input_type="search", timeout=timeout)[0]
            if tell is not None:
                tell(str(found[0]))
            return [str(found[0])]

        return self._line(inference_id, "completion", send, COMPLETE_AT_ONCE, 1)

    def _line(
        self, inference_id: str, task_type: str, send: Callable[..., Any], at_once: int, largest: int
    ) -> Line[Any, Any]:
        with self._lock:
            if (inference_id, task_type) not in self._lines:
                line = Line(send, self._workers, at_once=at_once, largest=largest, breaker=Breaker())
                self._lines[inference_id, task_type] = line
            return self._lines[inference_id, task_type]


_lock = threading.Lock()
_of: WeakKeyDictionary[Any, dict[str | None, Lines]] = WeakKeyDictionary()


def lines_of(client: Elasticsearch) -> Lines:
    """The lines of a client's target.

    Clients share them when they share connections and credentials, as those of `client.options` do.
    """
    caller = client._headers.get("authorization")  # what one caller may not ask must not be answered from another's
    with _lock:
        return _of.setdefault(client.transport, {}).setdefault(caller, Lines())


def _timeout(seconds: float) -> str:
    return f"{max(1, int(seconds * 1000))}ms"


def _scores(body: Any, count: int) -> list[float | None]:
    """The scores in the order of the request.

    Raises:
        ValueError: the answer is not a rerank answer.
    """
    scores: list[float | None] = [None] * count
    try:
        for item in body["rerank"]:
            # Old servers send both as texts.
            place, score = int(item["index"]), float(item["relevance_score"])
            if not 0 <= place < count:
                raise ValueError(f"there is no text {place} among {count}")
            if scores[place] is not None or isinstance(item["relevance_score"], bool):
                raise ValueError(f"text {place} is ranked twice, or by no number")
            scores[place] = score
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the answer is no rerank answer: {error!r}") from None
    return scores
