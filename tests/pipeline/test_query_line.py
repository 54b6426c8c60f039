from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from elastic_transport import ConnectionTimeout
from elasticsearch import BadRequestError

from headpond.inference.workers import Workers
from headpond.pipeline.query.breaker import FAILURES, Breaker
from headpond.pipeline.query.line import Line
from headpond.stages.deadline import Deadline
from headpond.stages.inference import NotAskedError

LONG = 60.0


class Sent:
    """What a line sends; each call waits for the gate."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.inside = threading.Semaphore(0)
        self.fails: Exception | None = None
        self.poison = "poison"

    def __call__(self, client: Any, items: Sequence[str], seconds: float) -> Sequence[str]:
        self.calls.append(list(items))
        self.inside.release()
        self.gate.wait(seconds)
        if self.fails is not None:
            raise self.fails
        if self.poison in items:
            meta: Any = type("Meta", (), {"status": 400, "headers": {}})()
            raise BadRequestError("no", meta, {"error": {"type": "x", "reason": "poison"}, "status": 400})
        if not self.gate.is_set():
            raise TimeoutError
        return [item.upper() for item in items]


@pytest.fixture
def sent() -> Iterator[Sent]:
    sent = Sent()
    yield sent
    sent.gate.set()


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers(16)
    yield workers
    workers.close()


CLIENT: Any = None


def line(sent: Sent, workers: Workers, at_once: int = 1, largest: int = 4) -> Line[str, str]:
    return Line(sent, workers, at_once=at_once, largest=largest, breaker=Breaker())


def test_what_is_under_way_is_waited_for_and_not_asked_again(sent: Sent, workers: Workers) -> None:
    sent.gate.clear()
    one = line(sent, workers)
    waits = [one.begin(CLIENT, "a", Deadline(LONG)) for _ in range(50)]
    sent.gate.set()
    assert [wait() for wait in waits] == ["A"] * 50
    assert sent.calls == [["a"]]


def test_items_gather_only_while_calls_are_under_way(sent: Sent, workers: Workers) -> None:
    sent.gate.clear()
    one = line(sent, workers, at_once=1, largest=4)
    waits = [one.begin(CLIENT, "a", Deadline(LONG))]
    sent.inside.acquire()
    waits += [one.begin(CLIENT, item, Deadline(LONG)) for item in "bcdef"]
    sent.gate.set()
    assert [wait() for wait in waits] == list("ABCDEF")
    assert sent.calls == [["a"], ["b", "c", "d", "e"], ["f"]]


def test_a_bad_item_does_not_spoil_those_that_travelled_with_it(sent: Sent, workers: Workers) -> None:
    sent.gate.clear()
    one = line(sent, workers)
    first = one.begin(CLIENT, "a", Deadline(LONG))
    sent.inside.acquire()
    waits = [one.begin(CLIENT, item, Deadline(LONG)) for item in ("b", "poison", "c")]
    sent.gate.set()
    assert (first(), waits[0](), waits[2]()) == ("A", "B", "C")
    with pytest.raises(BadRequestError):
        waits[1]()


def test_items_that_nobody_waits_for_any_more_are_dropped(sent: Sent, workers: Workers) -> None:
    sent.gate.clear()
    one = line(sent, workers)
    first = one.begin(CLIENT, "a", Deadline(LONG))
    sent.inside.acquire()
    late = one.begin(CLIENT, "b", Deadline(0.01))
    with pytest.raises(TimeoutError):
        late()
    sent.gate.set()
    assert first() == "A"
    assert one.begin(CLIENT, "c", Deadline(LONG))() == "C"
    assert sent.calls == [["a"], ["c"]]


def test_who_joined_a_call_with_less_time_asks_again(sent: Sent, workers: Workers) -> None:
    sent.gate.clear()
    one = line(sent, workers)
    short = one.begin(CLIENT, "a", Deadline(2))
    sent.inside.acquire()
    patient = one.begin(CLIENT, "a", Deadline(LONG))
    with pytest.raises(TimeoutError):
        short()
    asking = threading.Thread(target=lambda: (sent.inside.acquire(), sent.gate.set()))
    asking.start()
    assert patient() == "A"
    asking.join()
    assert sent.calls == [["a"], ["a"]]


@pytest.mark.usefixtures("long_pause")
def test_a_dead_endpoint_is_left_alone_and_what_is_known_needs_no_call(sent: Sent, workers: Workers) -> None:
    sent.fails = ConnectionTimeout("Connection timed out")
    one = line(sent, workers)
    for _ in range(FAILURES):
        with pytest.raises(TimeoutError):
            one.begin(CLIENT, "a", Deadline(5))()
    with pytest.raises(NotAskedError, match="not asked: 5 failures in a row"):
        one.begin(CLIENT, "a", Deadline(5))
    assert one.begin(CLIENT, "a", Deadline(5), known=lambda: "kept")() == "kept"
    assert len(sent.calls) == FAILURES


def test_a_refused_request_is_no_failure_of_the_endpoint(sent: Sent, workers: Workers) -> None:
    one = line(sent, workers)
    for _ in range(2 * FAILURES):
        with pytest.raises(BadRequestError):
            one.begin(CLIENT, "poison", Deadline(5))()
    assert one.begin(CLIENT, "a", Deadline(5))() == "A"


def test_a_result_is_kept_before_it_can_be_asked_for_again(sent: Sent, workers: Workers) -> None:
    kept: dict[str, str] = {}
    one = line(sent, workers, at_once=4)
    begin = threading.Barrier(20)

    def search() -> None:
        begin.wait()
        for _ in range(20):
            one.begin(
                CLIENT,
                "a",
                Deadline(LONG),
                known=lambda: kept.get("a"),
                keep=lambda result: kept.__setitem__("a", result),
            )()

    threads = [threading.Thread(target=search) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent.calls == [["a"]]
