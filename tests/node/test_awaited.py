"""Work of threads that an event loop waits for."""

import asyncio
import threading

import pytest

from headpond.inference.workers import Workers
from headpond.node.awaited import awaited


def test_a_result_and_an_error_come_back_to_the_loop() -> None:
    workers = Workers()

    async def ask() -> None:
        assert await awaited(workers, threading.get_ident) != threading.get_ident()
        with pytest.raises(KeyError):
            await awaited(workers, lambda: {}["x"])
        assert await asyncio.gather(*(awaited(workers, lambda number=number: number) for number in range(300))) == [
            *range(300)
        ]

    asyncio.run(ask())
    workers.close()


def test_work_nobody_waits_for_is_not_begun() -> None:
    workers, release, done = Workers(threads=1), threading.Event(), []

    async def ask() -> None:
        first = asyncio.ensure_future(awaited(workers, release.wait))
        late = asyncio.ensure_future(awaited(workers, lambda: done.append("late")))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        release.set()
        assert await first
        assert await awaited(workers, lambda: "next") == "next"

    asyncio.run(ask())
    assert done == []
    workers.close()


def test_a_result_after_the_loop_has_ended_harms_nobody() -> None:
    workers, release = Workers(threads=1), threading.Event()

    async def ask() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            loop.call_soon_threadsafe(begun.set)
            release.wait()

        waiting = asyncio.ensure_future(awaited(workers, work))
        await begun.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(ask())
    release.set()
    assert asyncio.run(awaited(workers, lambda: "next")) == "next"  # of the same thread
    workers.close()
