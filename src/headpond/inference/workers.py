"""Threads that do work somebody may stop waiting for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from typing import Any, Protocol, TypeVar

from headpond.inference.deadline import Deadline

T = TypeVar("T")


class Outcome(Protocol):
    """What is told how work ended; a `Future`, or what behaves like one."""

    def set_running_or_notify_cancel(self) -> bool:
        """Whether the work is still wanted, now that it begins."""

    def set_result(self, result: Any, /) -> None:
        """It is done."""

    def set_exception(self, exception: BaseException | None, /) -> None:
        """It failed."""


_Task = tuple[Callable[[], Any], Outcome]


class QueueFullError(Exception):
    """Too much work is waiting already."""


class Workers:
    """Daemon threads, started as they are needed: a hung call holds up neither its caller nor the process's end.

    Args:
        threads: how many at most.
        capacity: how many tasks may wait for a thread.
        idle: seconds after which a thread without work ends; None keeps it until `close`.
    """

    def __init__(self, threads: int = 128, capacity: int = 2000, *, idle: float | None = None) -> None:
        self._limit = threads
        self._capacity = capacity
        self._idle = idle
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy_or_queued = 0

    def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        """Does the work in a thread and returns its result or raises its error.

        Args:
            work: is not stopped when the deadline passes; it should look at the deadline itself.
            deadline: how long to wait.

        Raises:
            TimeoutError: the deadline passed; work that had not begun never will.
            QueueFullError: nothing was begun.
        """
        future = self.submit(work)
        try:
            return future.result(min(deadline.remaining, threading.TIMEOUT_MAX))
        except TimeoutError:
            if future.done() and not future.cancelled():
                return future.result()
            future.cancel()
            raise

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Does the work in a thread, for whoever waits for the future.

        Raises:
            QueueFullError: nothing was begun.
        """
        future: Future[T] = Future()
        self.begin(work, future)
        return future

    def begin(self, work: Callable[[], Any], outcome: Outcome) -> None:
        """Hands work to a thread, which tells the outcome how it ended.

        Raises:
            QueueFullError: nothing was begun.
        """
        with self._lock:
            if self._busy_or_queued >= self._limit + self._capacity:
                raise QueueFullError
            self._busy_or_queued += 1
            if self._threads < min(self._busy_or_queued, self._limit):
                self._threads += 1
                threading.Thread(target=self._serve, name="headpond-inference", daemon=True).start()
            # Within the lock: an idle thread must not end between the count of threads and this.
            self._tasks.put((work, outcome))

    def close(self) -> None:
        """Lets idle threads end; busy ones end after their task."""
        with self._lock:
            for _ in range(self._threads):
                self._tasks.put(None)
            self._threads = 0

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            work, future = task
            try:
                if future.set_running_or_notify_cancel():
                    _settle(work, future)
            finally:
                with self._lock:
                    self._busy_or_queued -= 1
                del task, work, future

    def _next(self) -> _Task | None:
        """The next task; None when the thread is to end."""
        while True:
            try:
                return self._tasks.get(timeout=self._idle)
            except queue.Empty:
                with self._lock:
                    if self._tasks.empty():
                        self._threads -= 1
                        return None


def _settle(work: Callable[[], Any], future: Outcome) -> None:
    try:
        result = work()
    except BaseException as error:  # whatever it is, it belongs to the caller
        future.set_exception(error)
    else:
        future.set_result(result)
