"""The durable truth: one SQLite file that every part of the node keeps its tables in."""

from __future__ import annotations

import base64
import contextlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from headpond.errors import RestError, TargetError
from headpond.node.store.lock import FolderLock

SCHEMA_VERSION = 1
"""Written into the file; a file with a higher number was made by a newer headpond and is refused."""

FILE_NAME = "pond.sqlite3"


class Database:
    """One writer connection behind a lock, and one reader connection beside it.

    An acknowledged write is on disk: the file is in write-ahead mode and every commit is synced (`synchronous=FULL`).

    Args:
        path: the pond's folder, made when missing; None keeps everything in memory.

    Attributes:
        path: the folder, or None.
        connection: the writer; use it inside `transaction()`.
        uuid: the cluster's id, made once for a folder.
        lock: held during a transaction; hold it longer where what follows a commit must not be overtaken.

    Raises:
        TargetError: the folder belongs to another process, is not a pond's, or was written by a newer version.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._read_lock = threading.RLock()
        self._depth = 0
        self._folder_lock: FolderLock | None = None
        if path is None:
            self.connection = _connect(":memory:")
            self._reader, self._read_lock = self.connection, self.lock
        else:
            self._open(path)
        self._check_version()
        self.migrate("CREATE TABLE IF NOT EXISTS node (uuid TEXT NOT NULL)")
        self.uuid: str = self._identity()

    def _identity(self) -> str:
        with self.transaction() as connection:
            row = connection.execute("SELECT uuid FROM node").fetchone()
            if row is None:
                row = (base64.urlsafe_b64encode(secrets.token_bytes(16)).decode("ascii").rstrip("="),)
                connection.execute("INSERT INTO node (uuid) VALUES (?)", row)
        return str(row[0])

    def _open(self, path: Path) -> None:
        if path.exists() and not path.is_dir():
            raise TargetError(
                f"{path} is not a folder, and a pond needs one", hint="embedded:PATH names it; it is made when missing"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Documents are their owner's; a folder that was there keeps the rights it has.
            path.mkdir(mode=0o700, exist_ok=True)
            self._folder_lock = FolderLock(path)
            self.connection = _connect(str(path / FILE_NAME), journal_mode="WAL", synchronous="FULL")
            self._reader = _connect(str(path / FILE_NAME))
        except (OSError, sqlite3.Error) as error:
            if self._folder_lock is not None:
                self._folder_lock.release()
            raise TargetError(
                f"the pond in {path} cannot be opened: {error}",
                hint="check that the folder is writable and that pond.sqlite3 in it is a pond's file",
            ) from error

    def _check_version(self) -> None:
        found = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if found > SCHEMA_VERSION:
            self.close()
            raise TargetError(
                f"the pond in {self.path} has format {found}, this headpond reads formats up to {SCHEMA_VERSION}",
                hint="upgrade headpond, or choose another folder: embedded:PATH",
            )
        if found < SCHEMA_VERSION:  # written once, so that a pond on a full disk can still be read
            self.connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def migrate(self, *statements: str) -> None:
        """Makes a component's tables; each statement must be harmless when repeated (`CREATE TABLE IF NOT EXISTS`)."""
        with self.transaction() as connection:
            for statement in statements:
                connection.execute(statement)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The writer, alone until the block ends; all of the block is kept or none. A block inside a block joins it.

        Raises:
            RestError: 507 `insufficient_storage_exception`, the disk is full; nothing of the block was kept.
        """
        with self.lock:
            if self._depth:
                yield self.connection
                return
            self._depth = 1
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException as error:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and _is_full(error):
                    raise self._full(error) from error
                raise
            finally:
                self._depth = 0

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees what was committed last; it does not wait for a writer."""
        with self._read_lock:
            yield self._reader

    def _full(self, error: sqlite3.OperationalError) -> RestError:
        where = f"the disk that holds {self.path}" if self.path else "memory"
        return RestError(
            507,
            "insufficient_storage_exception",
            f"nothing of this request was written: {error} ({where}); free some space and send it again",
        )

    def close(self) -> None:
        """Closes the connections and gives the folder free; calling it again does nothing."""
        with self.lock:
            if self._reader_is_own():
                self._reader.close()
            self.connection.close()
            if self._folder_lock is not None:
                self._folder_lock.release()

    def _reader_is_own(self) -> bool:
        return self._reader is not self.connection


def _connect(target: str, **pragmas: str) -> sqlite3.Connection:
    connection = sqlite3.connect(target, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        for name, value in {"temp_store": "MEMORY", **pragmas}.items():
            connection.execute(f"PRAGMA {name}={value}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_full(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
