"""Any async iterable of dicts, read from a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from concurrent.futures import CancelledError
from typing import Any

from headpond.errors import InputError
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.sources.rows import Rows

_TICK = 0.1
_END = object()


class AsyncRows(Source):
    """Records from an async iterable.

    Args:
        rows: the iterable.
        loop: a running loop of another thread that it belongs to; None gives it a loop of its own.
        stop: ends the waiting for a record.
    """

    name = "records"

    def __init__(
        self,
        rows: AsyncIterable[Any],
        loop: asyncio.AbstractEventLoop | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._rows = rows
        self._loop = loop
        self._stop = stop or threading.Event()

    def items(self) -> Iterator[Item]:
        """The records, counted from 1.

        Raises:
            InputError: there is a running loop in this thread.
        """
        return Rows(self._there(self._loop) if self._loop is not None else self._here()).items()

    def _there(self, loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
        rows = aiter(self._rows)
        while not self._stop.is_set():
            future = asyncio.run_coroutine_threadsafe(_next(rows), loop)
            while not future.done() and not self._stop.is_set():
                try:
                    future.result(_TICK)
                except TimeoutError:
                    continue
                except (Exception, CancelledError):
                    break
            if not future.done():
                future.cancel()
                return
            row = future.result()
            if row is _END:
                return
            yield row

    def _here(self) -> Iterator[Any]:
        _refuse_running_loop()
        with asyncio.Runner() as runner:
            rows = aiter(self._rows)
            while (row := runner.run(_next(rows))) is not _END:
                yield row


async def _next(rows: AsyncIterator[Any]) -> Any:
    return await anext(rows, _END)


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise InputError(
        "an async iterable cannot be read while this thread's event loop runs", hint="await pipeline.aingest(...)"
    )
