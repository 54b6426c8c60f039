from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from headpond.pipeline.pace.rate import Rate
from headpond.pipeline.retry import StopRequested


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def turns(rate: Rate, clock: Clock, seconds: float, tokens: int = 0) -> int:
    """Turns that one caller gets within a time."""
    end, got = clock.now + seconds, 0
    while clock.now < end:
        wait, given = rate.take(tokens)
        clock.now += wait
        got += given
    return got


def test_requests_keep_just_below_the_allowance(tmp_path: Path) -> None:
    clock = Clock()
    rate = Rate(tmp_path / "r", "e", 600, None, clock)
    assert turns(rate, clock, 300) == pytest.approx(0.98 * 3000, rel=0.01)
    rate.close()


def test_tokens_keep_just_below_the_allowance(tmp_path: Path) -> None:
    clock = Clock()
    rate = Rate(tmp_path / "r", "e", 6_000, 60_000, clock)
    assert 1_000 * turns(rate, clock, 300, tokens=1_000) == pytest.approx(0.98 * 300_000, rel=0.02)
    rate.close()


def test_a_pause_is_not_saved_up(tmp_path: Path) -> None:
    clock = Clock()
    rate = Rate(tmp_path / "r", "e", 600, None, clock)
    clock.now += 3600
    at_once = 0
    while rate.take(0) == (0.0, True):
        at_once += 1
    assert 4 <= at_once <= 7  # half a second's worth, and the one that pays later
    rate.close()


def test_two_share_one_allowance_and_others_have_their_own(tmp_path: Path) -> None:
    clock = Clock()
    rates = [Rate(tmp_path / "r", key, 60, None, clock) for key in ("one", "one", "other")]
    while rates[0].take(0)[0] == 0:
        pass
    assert rates[1].take(0)[0] > 0
    assert rates[2].take(0) == (0.0, True)
    for rate in rates:
        rate.close()


def test_no_turn_is_given_far_ahead(tmp_path: Path) -> None:
    clock = Clock()
    rate = Rate(tmp_path / "r", "e", 60, None, clock)
    given = [rate.take(0) for _ in range(100)]
    assert max(wait for wait, _ in given) <= 5
    assert 4 <= sum(one for _, one in given) <= 8
    rate.close()


def test_a_retry_after_holds_everybody_then_they_go_on_at_their_rate(tmp_path: Path) -> None:
    clock = Clock()
    limited, other = Rate(tmp_path / "r", "e", 600, None, clock), Rate(tmp_path / "r", "e", None, None, clock)
    assert other.take(0) == (0.0, True)
    limited.hold(4)
    assert limited.take(0)[0] == pytest.approx(4)
    assert 4 <= other.held() <= 4.4
    assert 4 <= other.take(0)[0] <= 4.4
    clock.now += 5
    assert other.held() == 0
    assert other.take(0) == (0.0, True)
    limited.close()
    other.close()


def test_a_clock_that_is_put_back_stops_nothing(tmp_path: Path) -> None:
    clock = Clock()
    rate = Rate(tmp_path / "r", "e", 600, 1_000_000, clock)
    rate.take(100)
    rate.hold(10)
    clock.now -= 100_000
    assert rate.take(100)[0] == 0
    assert rate.held() == 0
    rate.close()


def test_waiting_ends_when_the_job_does(tmp_path: Path) -> None:
    rate, stop = Rate(tmp_path / "r", "e", 1, None), threading.Event()
    rate.wait(0, stop)
    stop.set()
    with pytest.raises(StopRequested):
        rate.wait(0, stop)
    rate.close()


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 500])
def test_a_file_that_cannot_be_used_is_replaced_by_memory(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "r").write_bytes(content)
    clock = Clock()
    with caplog.at_level(logging.WARNING):
        rate = Rate(tmp_path / "r", "e", 600, None, clock)
        assert turns(rate, clock, 60) == pytest.approx(588, rel=0.02)
    assert "the rate is kept by this process alone" in caplog.text
    rate.close()


PROCESS = """
import sys, threading
from pathlib import Path
from headpond.pipeline.pace.rate import Rate
rate, given = Rate(Path(sys.argv[1]), "e", 60, None), 0
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    given += rate.take(0)[1]
print(given)
"""


def test_processes_that_ask_at_once_share_one_allowance(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(tmp_path / "r")]
    asking = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in asking:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    given = [int(process.communicate("\n")[0]) for process in asking]
    # One a second, and none further than 5 seconds ahead; a busy machine may take seconds for all this.
    assert 4 <= sum(given) <= 60


def test_a_process_that_is_killed_leaves_the_file_usable(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS.replace("range(200)", "iter(int, 1)"), str(tmp_path / "r")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()
    rate = Rate(tmp_path / "r", "e", 60, None)
    for _ in range(50):
        rate.take(0)
    process.kill()
    process.communicate()
    assert rate.take(0)[0] <= 5
    rate.close()
