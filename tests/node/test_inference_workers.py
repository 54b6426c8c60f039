import threading
from concurrent.futures import TimeoutError

import pytest

from headpond.inference.deadline import Deadline
from headpond.node.workers import QueueFullError, Workers


def test_a_result_and_an_error_come_back_to_the_caller() -> None:
    workers = Workers()
    assert workers.run(lambda: 5, Deadline.after(5)) == 5
    with pytest.raises(KeyError):
        workers.run(lambda: {}["x"], Deadline.never())
    workers.close()


def test_a_caller_does_not_wait_beyond_the_deadline() -> None:
    workers, release = Workers(), threading.Event()
    with pytest.raises(TimeoutError):
        workers.run(lambda: release.wait(30), Deadline.after(0.05))
    release.set()
    assert workers.run(lambda: 1, Deadline.after(5)) == 1
    workers.close()


def test_work_whose_caller_has_gone_before_it_began_is_never_done() -> None:
    workers, release, done = Workers(threads=1), threading.Event(), []
    with pytest.raises(TimeoutError):
        workers.run(lambda: release.wait(30), Deadline.after(0.05))
    with pytest.raises(TimeoutError):
        workers.run(lambda: done.append("late"), Deadline.after(0.05))
    release.set()
    assert workers.run(lambda: "next", Deadline.after(5)) == "next"
    assert done == []
    workers.close()


def test_too_much_waiting_work_is_refused() -> None:
    workers, release = Workers(threads=1, capacity=1), threading.Event()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            workers.run(lambda: release.wait(30), Deadline.after(0.05))
    with pytest.raises(QueueFullError):
        workers.run(lambda: 1, Deadline.after(5))
    release.set()
    workers.close()
