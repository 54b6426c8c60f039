"""`_async_search`: what was asked is remembered until the answer is complete.

The search runs on the target, so that its hits reach the pipeline's response processors only when somebody fetches
them. Status and deletion go through untouched.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from headpond.hooked.door import Door
from headpond.hooked.one import Passage
from headpond.hooked.searches import RequestSearches
from headpond.hooked.url import joined
from headpond.pipeline.query.retrieve.tree import is_compound
from headpond.pipeline.query.searcher import Searcher
from headpond.pipeline.query.searches import Answer, Body
from headpond.pipeline.query.widen import SIZE
from headpond.stages.deadline import Deadline

MOST_REMEMBERED = 10_000
_OWN = ("batched_reduce_size", "keep_alive", "keep_on_completion", "wait_for_completion_timeout")
_KEPT_MS = 5 * 24 * 3600 * 1000  # Elasticsearch's default of keep_alive


class AsyncSearches:
    """The async searches that are under way, by their ids."""

    def __init__(self) -> None:
        self._passages: OrderedDict[str, Passage] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, id: str, passage: Passage) -> None:
        """Keeps a search until many later ones have come."""
        with self._lock:
            self._passages[id] = passage
            while len(self._passages) > MOST_REMEMBERED:
                self._passages.popitem(last=False)

    def find(self, id: str) -> Passage | None:
        """A search that was sent from here."""
        with self._lock:
            return self._passages.get(id)

    def forget(self, id: str) -> None:
        """Drops a search that was deleted."""
        with self._lock:
            self._passages.pop(id, None)


class _Submitted(Exception):
    """An async search was taken.

    Attributes:
        answer: what the target says.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__("submitted")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Submission:
    """The `Searches` of an async search: a single one is submitted, legs are searched at once."""

    client: Elasticsearch
    index: str
    door: Door
    path: str
    params: dict[str, str]

    def one(self, body: Body) -> Answer:
        raise _Submitted(dict(self.door.ask("POST", joined(self.path, self.params), body)))

    def many(self, bodies: Sequence[Body]) -> list[Answer]:
        params = {name: value for name, value in self.params.items() if name not in _OWN}
        return RequestSearches(self.client, self.index, self.door, self.path, params).many(bodies)


def on_target(body: Body, params: dict[str, str]) -> bool:
    """Whether a search can only be done by the target: one that it shall keep and that has legs."""
    return params.get("keep_on_completion") in ("", "true") and is_compound(body.get("retriever"))


def submit(
    known: AsyncSearches, searcher: Searcher, body: Body, client: Elasticsearch, index: str, door: Door, path: str,
    params: dict[str, str],
) -> Answer:  # fmt: skip
    """Submits a search; its answer is processed at once where it is complete.

    Raises:
        PipelineError, TargetError, ApiError, TransportError: as a search.
    """
    started = round(time.time() * 1000)
    passage = Passage.begin(searcher, body)
    try:
        found = passage.finish(passage.retrieve(_Submission(client, index, door, path, params)))
    except _Submitted as submitted:
        if id := submitted.answer.get("id"):
            known.remember(id, passage)
        return processed(passage, submitted.answer)
    now = round(time.time() * 1000)
    return {
        "is_partial": False,
        "is_running": False,
        "start_time_in_millis": started,
        "expiration_time_in_millis": started + _KEPT_MS,
        "completion_time_in_millis": now,
        "response": found,
    }


def processed(passage: Passage, answer: Answer) -> Answer:
    """What the target says about an async search, with its hits processed where they are complete.

    Args:
        passage: what was looked for.
        answer: to its submission, or to the question how far it is.
    """
    response: Any = answer.get("response")
    if not isinstance(response, dict) or not isinstance(response.get("hits"), dict):
        return answer
    if not answer.get("is_running"):
        # The search's own deadline has long passed: how long it may run is the caller's business here.
        return {**answer, "response": passage.finish(response, Deadline())}
    if not passage.search.responds:
        return answer
    # More hits than the page were asked for, and they may change yet.
    first, size = passage.search.asked.get("from", 0), passage.search.asked.get("size", SIZE)
    hits = {**response["hits"], "hits": response["hits"].get("hits", [])[first : first + size]}
    return {**answer, "response": {**response, "hits": hits}}
