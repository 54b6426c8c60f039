"""Work in a thread that calls back into an event loop, and is given up when the task that waits for it is cancelled."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

THREADS = 256
"""Pieces of work at a time; they wait for targets and endpoints most of their time."""


class GivenUpError(Exception):
    """Nobody waits for this work any more."""


class Bridge:
    """The event loop as one piece of work sees it.

    Args:
        loop: runs the calls.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._calls: set[concurrent.futures.Future[Any]] = set()
        self._given_up = False

    def call(self, coroutine: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Runs a coroutine on the loop and waits for it, from any other thread.

        Args:
            coroutine: cancelled when nobody waits for it any more.
            seconds: how long to wait; None for as long as it takes.

        Raises:
            GivenUpError: the work was given up.
            TimeoutError: it took too long.
        """
        with self._lock:
            if self._given_up:
                coroutine.close()
                raise GivenUpError
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            self._calls.add(future)
        try:
            return future.result(seconds)
        except concurrent.futures.CancelledError:
            raise GivenUpError from None
        except TimeoutError:
            future.cancel()
            raise
        finally:
            with self._lock:
                self._calls.discard(future)

    def give_up(self) -> None:
        """Cancels what is under way and refuses what may come."""
        with self._lock:
            self._given_up = True
            calls = list(self._calls)
        for call in calls:
            call.cancel()


class Threads:
    """Threads of their own for such work: those of the event loop may be needed to answer the calls."""

    def __init__(self) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(THREADS, "headpond-hook")

    async def run(self, work: Callable[[Bridge], T]) -> T:
        """Does the work in a thread and waits for it; raises what it raised."""
        loop = asyncio.get_running_loop()
        bridge = Bridge(loop)
        try:
            return await loop.run_in_executor(self._pool, work, bridge)
        except asyncio.CancelledError:
            bridge.give_up()
            raise

    def close(self) -> None:
        """Lets the threads end when their work is done."""
        self._pool.shutdown(wait=False, cancel_futures=True)
