from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from headpond.pipeline.pace.lane import Lane
from headpond.pipeline.pace.pool import Pool
from headpond.pipeline.retry import StopRequested


class Endpoint:
    """Answers with the text in capitals, when it is allowed to."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.open = threading.Event()
        self.asked = threading.Semaphore(0)
        self.error: Exception | None = None

    def __call__(self, texts: list[str]) -> Mapping[str, str]:
        self.seen.append(texts)
        self.asked.release()
        assert self.open.wait(60)
        if self.error is not None:
            raise self.error
        return {text: text.upper() for text in texts}


def nothing(_: list[str]) -> Mapping[str, str]:
    return {}


@contextmanager
def lane(endpoint: Endpoint, inputs: int = 2, limit: int = 8) -> Iterator[tuple[Lane[str], threading.Event]]:
    stop = threading.Event()
    made = Lane(Pool(inputs, 1000, len), endpoint, lambda: limit, 8, stop)
    try:
        yield made, stop
    finally:
        endpoint.open.set()
        made.close()


def test_texts_are_answered_and_counted() -> None:
    endpoint = Endpoint()
    endpoint.open.set()
    with lane(endpoint) as (way, _):
        assert way.ask(["a", "b", "c"], nothing) == ({"a": "A", "b": "B", "c": "C"}, 3)
        assert way.ask(["a", "d"], lambda texts: {"a": "known"}) == ({"a": "known", "d": "D"}, 1)
        assert way.ask([], nothing) == ({}, 0)
    assert sorted(map(len, endpoint.seen)) == [1, 1, 2]


def test_a_text_that_is_under_way_is_waited_for() -> None:
    endpoint = Endpoint()
    with lane(endpoint) as (way, _), ThreadPoolExecutor() as threads:
        first = threads.submit(way.ask, ["same", "one"], nothing)
        assert endpoint.asked.acquire(timeout=60)
        claimed = threading.Event()

        def known(texts: list[str]) -> Mapping[str, str]:
            assert texts == ["two"]
            claimed.set()
            return {}

        second = threads.submit(way.ask, ["same", "two"], known)
        assert claimed.wait(60)
        endpoint.open.set()
        assert first.result(60) == ({"same": "SAME", "one": "ONE"}, 2)
        assert second.result(60) == ({"same": "SAME", "two": "TWO"}, 1)
    assert sorted(text for batch in endpoint.seen for text in batch) == ["one", "same", "two"]


def test_what_is_left_of_two_windows_goes_together() -> None:
    endpoint = Endpoint()
    with lane(endpoint) as (way, _), ThreadPoolExecutor() as threads:
        first = threads.submit(way.ask, ["aaa", "bb", "c"], nothing)
        assert endpoint.asked.acquire(timeout=60)
        second = threads.submit(way.ask, ["d"], nothing)
        assert endpoint.asked.acquire(timeout=60)
        endpoint.open.set()
        assert first.result(60)[0].keys() == {"aaa", "bb", "c"}
        assert second.result(60)[0] == {"d": "D"}
    assert endpoint.seen == [["aaa", "bb"], ["c", "d"]]


def test_no_more_requests_are_under_way_than_allowed() -> None:
    endpoint = Endpoint()
    with lane(endpoint, inputs=1, limit=3) as (way, _), ThreadPoolExecutor() as threads:
        asked = threads.submit(way.ask, [*"abcdefgh"], nothing)
        for _ in range(3):
            assert endpoint.asked.acquire(timeout=60)
        assert not endpoint.asked.acquire(timeout=0.05)
        endpoint.open.set()
        assert len(asked.result(60)[0]) == 8
    assert len(endpoint.seen) == 8


def test_an_error_reaches_all_who_wait_for_its_texts_and_nobody_else() -> None:
    endpoint = Endpoint()
    endpoint.error = ValueError("no")
    with lane(endpoint, inputs=1, limit=1) as (way, _), ThreadPoolExecutor() as threads:
        waiting = [threads.submit(way.ask, ["a"], nothing) for _ in range(3)]
        assert endpoint.asked.acquire(timeout=60)
        endpoint.open.set()
        for one in waiting:
            with pytest.raises(ValueError, match="no"):
                one.result(60)
        endpoint.error = None
        assert way.ask(["a"], nothing)[0] == {"a": "A"}


def test_a_cache_that_fails_leaves_no_claim_behind() -> None:
    def broken(_: list[str]) -> Mapping[str, str]:
        raise OSError("disk")

    endpoint = Endpoint()
    endpoint.open.set()
    with lane(endpoint) as (way, _):
        with pytest.raises(OSError, match="disk"):
            way.ask(["a"], broken)
        assert way.ask(["a"], nothing)[0] == {"a": "A"}


def test_a_stop_gives_up_what_has_not_been_sent() -> None:
    endpoint = Endpoint()
    with lane(endpoint, inputs=1, limit=1) as (way, stop), ThreadPoolExecutor() as threads:
        sent = threads.submit(way.ask, ["a"], nothing)
        assert endpoint.asked.acquire(timeout=60)
        claimed = threading.Event()
        waiting = threads.submit(way.ask, ["b"], lambda texts: (claimed.set(), {})[1])
        assert claimed.wait(60)
        stop.set()
        endpoint.open.set()
        assert sent.result(60)[0] == {"a": "A"}
        with pytest.raises(StopRequested):
            waiting.result(60)
    with pytest.raises(StopRequested):
        way.ask(["c"], nothing)
    assert endpoint.seen == [["a"]]
