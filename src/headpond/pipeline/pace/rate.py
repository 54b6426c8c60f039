"""An endpoint's requests and tokens a minute, kept by all threads and all processes of this machine together."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from headpond import config
from headpond.pipeline.retry import StopRequested

log = logging.getLogger("headpond.pipeline")

_SCHEMA = """CREATE TABLE IF NOT EXISTS rate (
    key TEXT PRIMARY KEY, requests REAL NOT NULL, tokens REAL NOT NULL, held REAL NOT NULL) WITHOUT ROWID"""
_SHARE = 0.98
"""Of the allowance that is used: requests that leave evenly do not arrive evenly. 2 % of a minute are what may go out
at once and 0.7 seconds more."""
_BURST = 0.5
"""Seconds' worth that may go out at once."""
_AHEAD = 5.0
"""Seconds; no turn is given out further ahead, so that a process that dies takes little with it."""
_LONGEST_HOLD = 600.0


def default_path() -> Path:
    """`pace.sqlite` in headpond's folder."""
    return config.home() / "pace.sqlite"


class Rate:
    """Gives out turns so that an allowance is kept; a server's `Retry-After` holds everybody.

    Each allowance is a moment until which everything given out so far is paid for; a turn is given when that moment is
    near, and moves it on. The moments are in one row of a small SQLite file, so that a process may end at any time.
    A file that cannot be used is replaced by memory, with a warning.

    Args:
        path: the file; None for this object alone.
        key: names the target and the endpoint.
        requests_per_minute: None for any number.
        tokens_per_minute: None for any number.
        clock: seconds since 1970, the same for all processes.
    """

    def __init__(
        self,
        path: Path | None,
        key: str,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._key = key
        self._per_request = 60 / (requests_per_minute * _SHARE) if requests_per_minute else 0.0
        self._per_token = 60 / (tokens_per_minute * _SHARE) if tokens_per_minute else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = _open(path)

    def wait(self, tokens: int, stop: threading.Event) -> None:
        """Waits for the turn of one request.

        Raises:
            StopRequested: `stop` was set.
        """
        given = False
        while True:
            seconds, now_given = self.take(tokens) if not given else (self.held(), True)
            given = given or now_given
            if stop.wait(seconds) if seconds > 0 else stop.is_set():
                raise StopRequested
            if given and (seconds <= 0 or self.held() <= 0):
                return

    def take(self, tokens: int) -> tuple[float, bool]:
        """Seconds until a turn, and whether it has been given; if not, ask again after that time."""
        with self._lock:
            try:
                return self._take(tokens)
            except sqlite3.Error as error:
                self._give_up(error)
                return self._take(tokens)

    def hold(self, seconds: float) -> None:
        """Nobody may call before `seconds` are over."""
        until = self._clock() + min(seconds, _LONGEST_HOLD)
        with self._lock:
            try:
                self._hold(until)
            except sqlite3.Error as error:
                self._give_up(error)
                self._hold(until)

    def held(self) -> float:
        """Seconds until calls are allowed again; a little more at random, so that not all come at once."""
        with self._lock:
            try:
                return self._left()
            except sqlite3.Error as error:
                self._give_up(error)
                return 0.0

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def _take(self, tokens: int) -> tuple[float, bool]:
        if not (self._per_request or self._per_token):
            return self._left(), True
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            now = self._clock()
            requests, paid, held = (self._sane(moment, now) for moment in self._read() or (0.0, 0.0, 0.0))
            begin = max(requests - _BURST, paid - _BURST, held, now)
            if begin > now + _AHEAD:
                return _AHEAD * random.uniform(0.5, 1.0), False
            requests = max(requests, begin) + self._per_request
            paid = max(paid, begin) + self._per_token * tokens
            self._write(requests, paid, held)
            return begin - now, True

    def _left(self) -> float:
        row = self._read()
        left = (row[2] if row else 0.0) - self._clock()
        return left + random.uniform(0, 0.1 * left) if 0 < left <= _LONGEST_HOLD else 0.0

    def _hold(self, until: float) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            requests, paid, held = self._read() or (0.0, 0.0, 0.0)
            self._write(requests, paid, max(held, until))

    def _sane(self, moment: float, now: float) -> float:
        """A moment that is too far ahead was written before the clock was put back."""
        return moment if moment <= now + _LONGEST_HOLD + self._per_request else now

    def _read(self) -> tuple[float, float, float] | None:
        found = self._connection.execute("SELECT requests, tokens, held FROM rate WHERE key = ?", (self._key,))
        row: tuple[float, float, float] | None = found.fetchone()
        return row

    def _write(self, requests: float, tokens: float, held: float) -> None:
        self._connection.execute("INSERT OR REPLACE INTO rate VALUES (?, ?, ?, ?)", (self._key, requests, tokens, held))

    def _give_up(self, error: Exception) -> None:
        log.warning("%s cannot be used, the rate is kept by this process alone: %s", self._path, error)
        self._connection.close()
        self._connection = _memory()


def _open(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return _memory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(path)
    except (sqlite3.Error, OSError) as error:
        log.warning("%s cannot be used, the rate is kept by this process alone: %s", path, error)
        return _memory()
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # What a loss of power would lose is over before the machine is up again.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_SCHEMA)
        path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection


def _memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.execute(_SCHEMA)
    return connection
