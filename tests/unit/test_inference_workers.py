import threading
from collections.abc import Iterator
from concurrent.futures import TimeoutError

import pytest

from headpond.inference.deadline import Deadline
from headpond.inference.workers import QueueFullError, Workers

PATIENT = Deadline.never()


class Stuck:
    """Work that says when it has begun, and goes on until it is released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.release.wait()
        return "released"

    def start(self, workers: Workers) -> threading.Thread:
        """A caller that waits for this work; returns when the work has begun."""
        caller = threading.Thread(target=workers.run, args=(self, PATIENT))
        caller.start()
        self.begun.wait()
        return caller


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    stuck = Stuck()
    yield stuck
    stuck.release.set()


def test_a_result_and_an_error_come_back_to_the_caller() -> None:
    workers = Workers()
    assert workers.run(lambda: 5, Deadline.after(60)) == 5
    with pytest.raises(KeyError):
        workers.run(lambda: {}["x"], PATIENT)
    workers.close()


def test_a_caller_does_not_wait_beyond_the_deadline(stuck: Stuck) -> None:
    workers = Workers()
    with pytest.raises(TimeoutError):
        workers.run(stuck, Deadline.after(0.05))
    assert workers.run(lambda: 1, Deadline.after(60)) == 1
    workers.close()


def test_work_whose_caller_has_gone_before_it_began_is_never_done(stuck: Stuck) -> None:
    workers, done = Workers(threads=1), []
    caller = stuck.start(workers)
    with pytest.raises(TimeoutError):
        workers.run(lambda: done.append("late"), Deadline.after(0.05))
    stuck.release.set()
    assert workers.run(lambda: "next", Deadline.after(60)) == "next"
    assert done == []
    caller.join()
    workers.close()


def test_too_much_waiting_work_is_refused(stuck: Stuck) -> None:
    workers = Workers(threads=1, capacity=1)
    caller = stuck.start(workers)
    with pytest.raises(TimeoutError):
        workers.run(lambda: 1, Deadline.after(0.05))
    with pytest.raises(QueueFullError):
        workers.run(lambda: 1, PATIENT)
    stuck.release.set()
    caller.join()
    workers.close()


def test_idle_threads_end_and_new_ones_come_when_they_are_needed() -> None:
    workers = Workers(threads=4, idle=0.001)
    pause = threading.Event()
    for number in range(200):
        assert workers.run(lambda number=number: number, Deadline.after(60)) == number
        if number % 20 == 0:
            while workers._threads:
                pause.wait(0.002)
    workers.close()


def test_what_is_submitted_is_done_for_whoever_waits() -> None:
    workers = Workers(threads=2, idle=0.0005)
    futures = [workers.submit(lambda number=number: number) for number in range(500)]
    assert [future.result(60) for future in futures] == list(range(500))
    workers.close()
