"""Work of threads that an event loop waits for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from headpond.inference.workers import Workers

T = TypeVar("T")


async def awaited(workers: Workers, work: Callable[[], T]) -> T:
    """Does work in a thread while the loop goes on; asyncio's and anyio's own ways take ten times the CPU.

    Args:
        workers: the threads.
        work: never begins when nobody waits for it any more.

    Raises:
        QueueFullError: nothing was begun.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    workers.begin(work, _Outcome(loop, future))
    return await future


class _Outcome:
    """Tells a future of a loop, from another thread; see `Outcome`."""

    __slots__ = ("_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]) -> None:
        self._loop = loop
        self._future = future

    def set_running_or_notify_cancel(self) -> bool:
        """Whether somebody waits."""
        return not self._future.cancelled()

    def set_result(self, result: Any, /) -> None:
        """The work is done."""
        self._tell(self._future.set_result, result)

    def set_exception(self, exception: BaseException | None, /) -> None:
        """The work failed."""
        self._tell(self._future.set_exception, exception)

    def _tell(self, tell: Callable[[Any], None], what: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            self._loop.call_soon_threadsafe(self._if_wanted, tell, what)

    def _if_wanted(self, tell: Callable[[Any], None], what: Any) -> None:
        if not self._future.done():
            tell(what)
