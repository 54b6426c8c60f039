"""The cache in an SQLite file: several processes may use it at once, and it stays below a size."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from headpond import config
from headpond.errors import InputError
from headpond.pipeline.cache.base import CacheStats, decode, encode, key, slices
from headpond.stages.inference import Embedding

log = logging.getLogger("headpond.pipeline")

# Rows are small in the index of keys and large in the table, which only grows at its end and is cut at its start.
_SCHEMA = """
DROP TABLE IF EXISTS embedding;
CREATE TABLE IF NOT EXISTS vector (key BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, value BLOB NOT NULL, used INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS vector_used ON vector (used);
"""  # noqa: E501
_MOST_PARAMETERS = 500
_EVICTED_AT_ONCE = 1000
_KEPT_AFTER_EVICTION = 0.9
_DAY = 86_400


class SqliteCache:
    """Embeddings in a file. The least recently used go first when it is full; use is noted by the day.

    Args:
        path: the file; None keeps nothing.
        most_bytes: the file does not grow beyond this; None takes `HEADPOND_CACHE_MAX_MB`.
        days: what was not used for so long goes when the file is opened; None takes `HEADPOND_CACHE_DAYS`, and
            without that nothing goes.

    Raises:
        InputError: a variable of the environment is no number.
    """

    def __init__(self, path: Path | None, *, most_bytes: int | None = None, days: int | None = None) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._path = path
        self._most = config.cache_max_bytes() if most_bytes is None else most_bytes
        self._written = 0
        if path is None:
            return
        days = config.cache_days() if days is None else days
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(path)
            path.chmod(0o600)
            if days is not None:
                self._expire(self._connection, days)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The embeddings that are known, by text."""
        keys = {key(fingerprint, text): text for text in texts}
        found: dict[str, Embedding] = {}
        today = _today()
        stale: list[bytes] = []
        with self._lock:
            if self._connection is None:
                return found
            try:
                for some in slices(list(keys), _MOST_PARAMETERS):
                    marks = ",".join("?" * len(some))
                    query = f"SELECT key, kind, value, used FROM vector WHERE key IN ({marks})"
                    for name, kind, value, used in self._connection.execute(query, some):
                        found[keys[name]] = decode(kind, value)
                        if used < today:
                            stale.append(name)
                if stale:
                    with self._connection:
                        rows = [(today, name) for name in stale]
                        self._connection.executemany("UPDATE vector SET used = ? WHERE key = ?", rows)
            except sqlite3.Error as error:
                self._give_up(error)
        return found

    def put(self, fingerprint: str, embeddings: Mapping[str, Embedding]) -> None:
        """Keeps embeddings; they are on disk when this returns."""
        today = _today()
        rows = [(key(fingerprint, text), *encode(embedding), today) for text, embedding in embeddings.items()]
        with self._lock:
            if self._connection is None:
                return
            try:
                with self._connection:
                    self._connection.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?, ?)", rows)
                self._written += sum(len(value) for _, _, value, _ in rows)
                # Looking at the size costs little, but not nothing.
                if self._written > self._most // 50:
                    self._written = 0
                    self._evict(self._connection)
            except sqlite3.Error as error:
                self._give_up(error)

    def stats(self) -> CacheStats:
        """What it holds.

        Raises:
            InputError: the file cannot be read.
        """
        with self._lock:
            connection = self._open()
            try:
                (entries,) = connection.execute("SELECT count(*) FROM vector").fetchone()
                return CacheStats(str(self._path), entries, _size(connection), self._most)
            except sqlite3.Error as error:
                raise self._unusable(error) from None

    def clear(self) -> int:
        """Forgets everything and gives the space back; the number of embeddings.

        Raises:
            InputError: the file cannot be written.
        """
        with self._lock:
            connection = self._open()
            try:
                with connection:
                    gone = connection.execute("DELETE FROM vector").rowcount
                _give_space_back(connection)
            except sqlite3.Error as error:
                raise self._unusable(error) from None
        return gone

    def prune(self, days: int) -> int:
        """Forgets what was not used for so many days, then what is too much; the number of embeddings.

        Raises:
            InputError: the file cannot be written.
        """
        with self._lock:
            connection = self._open()
            try:
                gone = self._expire(connection, days) + self._evict(connection)
                _give_space_back(connection)
            except sqlite3.Error as error:
                raise self._unusable(error) from None
        return gone

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _expire(self, connection: sqlite3.Connection, days: int) -> int:
        gone = 0
        while deleted := _delete_batch(connection, "WHERE used <= ?", (_today() - days, _EVICTED_AT_ONCE)):
            gone += deleted
        return gone

    def _evict(self, connection: sqlite3.Connection) -> int:
        """Makes room when the file is full; other processes come in between the batches."""
        if _size(connection) <= self._most:
            return 0
        (entries,) = connection.execute("SELECT count(*) FROM vector").fetchone()
        at_once = max(1, min(_EVICTED_AT_ONCE, entries // 20))
        gone = 0
        while _size(connection) > self._most * _KEPT_AFTER_EVICTION:
            deleted = _delete_batch(connection, "", (at_once,))
            gone += deleted
            if not deleted:
                break
        return gone

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise InputError("the embedding cache cannot be used", where=str(self._path))
        return self._connection

    def _unusable(self, error: sqlite3.Error) -> InputError:
        return InputError(f"the embedding cache cannot be used: {error}", where=str(self._path))

    def _give_up(self, error: Exception) -> None:
        log.warning("the embedding cache %s cannot be used, going on without: %s", self._path, error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connect(path: Path) -> sqlite3.Connection:
    """Opens the file; one that another process is just making may be locked for a moment."""
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    try:
        for attempt in range(50):
            try:
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # works before the first table only
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute("PRAGMA journal_size_limit=16777216")
                connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
                return connection
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or attempt == 49:
                    raise
                connection.rollback()
                time.sleep(0.1)
    except BaseException:
        connection.close()
        raise
    raise AssertionError


def _delete_batch(connection: sqlite3.Connection, where: str, values: tuple[int, ...]) -> int:
    chosen = f"SELECT rowid FROM vector {where} ORDER BY used, rowid LIMIT ?"
    with connection:
        return connection.execute(f"DELETE FROM vector WHERE rowid IN ({chosen})", values).rowcount


def _size(connection: sqlite3.Connection) -> int:
    """Bytes that are in use; pages that are free are used again before the file grows."""
    numbers = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    pages, free = numbers
    return int(pages - free) * int(connection.execute("PRAGMA page_size").fetchone()[0])


def _give_space_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.OperationalError):  # another process reads; the space is used again anyway
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _today() -> int:
    return int(time.time() // _DAY)
