"""The way to one endpoint: texts of all windows and fields come together here, and none is under way twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Generic, TypeVar

from headpond.pipeline.pace.pool import Pool
from headpond.pipeline.retry import StopRequested

T = TypeVar("T")


class _Asker(Generic[T]):
    """One call that waits for texts, all of them at once: an event for each text would cost more than the rest.

    Args:
        left: texts that are waited for.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        self.outcomes: dict[str, T] = {}
        self.error: BaseException | None = None
        self.over = threading.Event()

    def came(self) -> None:
        """One of the texts has its outcome or its error; the lane's lock is held."""
        self.left -= 1
        if not self.left:
            self.over.set()


class Lane(Generic[T]):
    """Sends texts in full requests, as many at a time as the endpoint bears.

    A request that is not full waits while others are under way: until they end, further texts may fill it up. (Nagle's
    rule, so there is no time to be tuned.)

    Args:
        pool: of texts that wait.
        send: sends the texts of one request and gives their outcomes.
        limit: requests at a time, now.
        ceiling: the most that `limit` may ever be.
        stop: set when the job is to end; what has not been sent is given up.
    """

    def __init__(
        self,
        pool: Pool,
        send: Callable[[list[str]], Mapping[str, T]],
        limit: Callable[[], int],
        ceiling: int,
        stop: threading.Event,
    ) -> None:
        self._pool = pool
        self._send = send
        self._limit = limit
        self._stop = stop
        self._lock = threading.Lock()
        self._asked: dict[str, list[_Asker[T]]] = {}
        self._running = 0
        self._threads = ThreadPoolExecutor(ceiling, thread_name_prefix="headpond-inference")

    def ask(
        self, texts: Sequence[str], known: Callable[[list[str]], Mapping[str, T]], window: int = 0
    ) -> tuple[dict[str, T], int]:
        """The outcomes of texts, and how many of them this call had sent.

        Args:
            texts: each once.
            known: what needs no request; asked for texts that are not under way already.
            window: the number of the window they are in; those of earlier ones are sent first.

        Raises:
            StopRequested: the job is being stopped.
            Exception: what `send` or `known` raised.
        """
        outcomes, sent, error = self.ask_some(texts, known, window)
        if error is not None:
            raise error
        return outcomes, sent

    def ask_some(
        self, texts: Sequence[str], known: Callable[[list[str]], Mapping[str, T]], window: int = 0
    ) -> tuple[dict[str, T], int, BaseException | None]:
        """The outcomes of those texts that have one, how many this call had sent, and why the others have none.

        Args:
            texts: each once.
            known: what needs no request; asked for texts that are not under way already.
            window: the number of the window they are in; those of earlier ones are sent first.

        Raises:
            Exception: what `known` raised.
        """
        asker: _Asker[T] = _Asker(len(texts))
        own = []
        with self._lock:
            for text in texts:
                if text in self._asked:
                    self._asked[text].append(asker)
                else:
                    self._asked[text] = [asker]
                    own.append(text)
        # Asked after the claim: whoever had a text under way before has made it known by now.
        try:
            found = known(own)
        except BaseException as error:
            with self._lock:
                self._fail(own, error)
            raise
        unknown = [text for text in own if text not in found]
        with self._lock:
            self._settle(found)
            self._pool.add(unknown, window)
            self._pump()
        if texts:
            asker.over.wait()
        return asker.outcomes, len(unknown), asker.error

    def close(self, *, wait: bool = True) -> None:
        """Gives up what has not been sent and waits for the rest, or leaves it to itself."""
        with self._lock:
            self._fail(self._pool.clear(), StopRequested())
        self._threads.shutdown(wait=wait)

    def _pump(self) -> None:
        """Sends what may be sent; the lock is held."""
        if self._stop.is_set():
            self._fail(self._pool.clear(), StopRequested())
        while self._pool and self._running < self._limit():
            batch = self._pool.take(partial=not self._running)
            if not batch:
                return
            try:
                # With the context of whoever set it off, so that spans hang together.
                self._threads.submit(copy_context().run, self._work, batch)
            except RuntimeError:  # closed
                self._fail([*batch, *self._pool.clear()], StopRequested())
                return
            self._running += 1

    def _work(self, batch: list[str]) -> None:
        outcomes: Mapping[str, T] = {}
        failure: BaseException | None = None
        try:
            outcomes = self._send(batch)
        except BaseException as error:
            failure = error
        with self._lock:
            self._running -= 1
            if failure is None:
                self._settle(outcomes)
            else:
                self._fail(batch, failure)
            self._pump()

    def _settle(self, outcomes: Mapping[str, T]) -> None:
        for text, outcome in outcomes.items():
            for asker in self._asked.pop(text):
                asker.outcomes[text] = outcome
                asker.came()

    def _fail(self, texts: Iterable[str], error: BaseException) -> None:
        for text in texts:
            for asker in self._asked.pop(text):
                asker.error = asker.error or error
                asker.came()
