"""The way of searches to one endpoint: nothing is asked twice at once, and only so much at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from elastic_transport import ConnectionTimeout
from elasticsearch import ApiError, Elasticsearch

from headpond.inference.workers import QueueFullError, Workers
from headpond.pipeline.api_error import describe
from headpond.pipeline.pace.verdict import Verdict, judge, wait_asked_for
from headpond.pipeline.query.breaker import Breaker
from headpond.stages.deadline import Deadline

I = TypeVar("I", bound=Hashable)  # noqa: E741 - an item
R = TypeVar("R")

Send = Callable[[Elasticsearch, Sequence[I], float], Sequence[R]]
"""Asks the endpoint for the results of items, in order, within seconds."""


@dataclass(slots=True)
class _Entry(Generic[I, R]):
    """An item that is asked for.

    Attributes:
        item: what is asked.
        client: of who asked first.
        until: the clock when the last of those who wait gives up.
        future: its result.
    """

    item: I
    client: Elasticsearch
    until: float
    future: Future[R] = field(default_factory=Future)


class Line(Generic[I, R]):
    """Asks one endpoint for the results of items, for many searches at once.

    An item that is under way already is waited for, not asked for again. While as many calls as may be are under way,
    further items wait, and go together in the next calls. An item for which nobody waits any more is dropped.

    Args:
        send: makes one call; it may raise anything.
        workers: threads to make calls in.
        at_once: calls at a time.
        largest: items in a call.
        breaker: of the endpoint.
    """

    def __init__(self, send: Send[I, R], workers: Workers, *, at_once: int, largest: int, breaker: Breaker) -> None:
        self._send = send
        self._workers = workers
        self._at_once = at_once
        self._largest = largest
        self._breaker = breaker
        self._lock = threading.Lock()
        self._asked: dict[I, _Entry[I, R]] = {}
        self._waiting: deque[_Entry[I, R]] = deque()
        self._busy = 0

    @property
    def busy(self) -> int:
        """Calls under way."""
        return self._busy

    def check(self, deadline: Deadline) -> None:
        """Raises what `begin` would, when the endpoint is left alone.

        Raises:
            NotAskedError: it is.
        """
        refused = self._breaker.refusal(deadline.left)
        if refused is not None:
            raise refused

    def begin(
        self,
        client: Elasticsearch,
        item: I,
        deadline: Deadline,
        *,
        known: Callable[[], R | None] = lambda: None,
        keep: Callable[[R], None] = lambda result: None,
    ) -> Callable[[], R]:
        """Begins to ask; what it gives waits for the result.

        Args:
            client: to ask with.
            item: what is asked for.
            deadline: when nobody waits any more.
            known: finds the result where it needs no call; asked when the item is not under way.
            keep: takes the result of a call, before the item can be asked for again.

        Raises:
            NotAskedError, QueueFullError: it is not asked now.
        """
        entry, own = self._entry(client, item, deadline, known, keep)

        def wait() -> R:
            try:
                return entry.future.result(min(deadline.left, threading.TIMEOUT_MAX))
            except TimeoutError:
                # The one whose call this was had less time.
                if own or not entry.future.done() or deadline.passed:
                    raise
                return self.begin(client, item, deadline, known=known, keep=keep)()

        return wait

    def _entry(
        self,
        client: Elasticsearch,
        item: I,
        deadline: Deadline,
        known: Callable[[], R | None],
        keep: Callable[[R], None],
    ) -> tuple[_Entry[I, R], bool]:
        """The entry of an item, and whether it is a new one."""
        with self._lock:
            under_way = self._asked.get(item)
            if under_way is not None:
                under_way.until = max(under_way.until, deadline.at)
                return under_way, False
            entry: _Entry[I, R] = _Entry(item, client, deadline.at)
            found = known()
            if found is not None:
                entry.future.set_result(found)
                return entry, True
            if deadline.passed:
                raise TimeoutError
            self.check(deadline)
            entry.future.add_done_callback(lambda done: None if done.exception() else keep(done.result()))
            if self._busy < self._at_once:
                self._workers.submit(self._serve)
                self._busy += 1
            self._asked[item] = entry
            self._waiting.append(entry)
            return entry, True

    def _serve(self) -> None:
        while batch := self._take():
            try:
                self._settle(batch, self._answers(batch))
            except Exception as error:
                if len(batch) > 1 and _may_be_one(error):
                    for entry in batch:
                        self._serve_one(entry)
                else:
                    self._fail(batch, error)

    def _serve_one(self, entry: _Entry[I, R]) -> None:
        """Asks again for an item of a batch that was refused, so that it does not suffer from the others."""
        try:
            self._settle([entry], self._answers([entry]))
        except Exception as error:
            self._fail([entry], error)

    def _take(self) -> list[_Entry[I, R]]:
        """The items of the next call; none when the line is empty, and then this thread no longer counts."""
        with self._lock:
            now = time.monotonic()
            taken: list[_Entry[I, R]] = []
            while self._waiting and len(taken) < self._largest:
                entry = self._waiting.popleft()
                if entry.until > now:
                    taken.append(entry)
                else:
                    self._asked.pop(entry.item).future.set_exception(TimeoutError())
            if not taken:
                self._busy -= 1
            return taken

    def _answers(self, batch: Sequence[_Entry[I, R]]) -> Sequence[R]:
        """Makes a call, and tells the breaker how it went."""
        seconds = max(entry.until for entry in batch) - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._breaker.enter(seconds)
        try:
            answers = self._send(batch[0].client, [entry.item for entry in batch], seconds)
        except Exception as error:
            if isinstance(error, TimeoutError | ConnectionTimeout) or _status(error) == 408:
                self._breaker.failed(f"no answer within {round(seconds * 1000)} ms", timed_out_after=seconds)
                raise TimeoutError from None
            verdict = judge(error) if not isinstance(error, ValueError) else Verdict.UNCLEAR
            if verdict is Verdict.INPUT:
                self._breaker.succeeded()  # it refused this request, so it lives
            else:
                self._breaker.failed(describe(error), hold=wait_asked_for(error))
            raise
        self._breaker.succeeded()
        return answers

    def _settle(self, batch: Sequence[_Entry[I, R]], answers: Sequence[R]) -> None:
        for entry, answer in zip(batch, answers, strict=True):
            entry.future.set_result(answer)  # which keeps it, so that whoever comes after `_forget` finds it known
        self._forget(batch)

    def _fail(self, batch: Sequence[_Entry[I, R]], error: Exception) -> None:
        self._forget(batch)
        for entry in batch:
            entry.future.set_exception(error)

    def _forget(self, batch: Sequence[_Entry[I, R]]) -> None:
        with self._lock:
            for entry in batch:
                self._asked.pop(entry.item, None)


def _status(error: Exception) -> int | None:
    return error.meta.status if isinstance(error, ApiError) else None


def _may_be_one(error: Exception) -> bool:
    """Whether a single input may be to blame for the failure of several."""
    return isinstance(error, ApiError) and judge(error) in (Verdict.INPUT, Verdict.UNCLEAR)


__all__ = ["Line", "QueueFullError", "Send"]
