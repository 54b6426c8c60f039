"""SQLite files that only their owner can read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from headpond.errors import TargetError


def open_private(folder: Path | None, name: str) -> sqlite3.Connection:
    """A file with mode 0600 in a pond's folder, made when missing; each statement is a transaction of its own, synced.

    Args:
        folder: the pond's; None keeps everything in memory.
        name: of the file.

    Raises:
        TargetError: the file cannot be made or is no SQLite file.
    """
    if folder is None:
        return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    path = folder / name
    try:
        # Made by us first, for SQLite would make it with the umask's rights; its journals take the file's mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        return _connect(path)
    except (OSError, sqlite3.Error) as error:
        raise TargetError(f"the file of secrets {path} cannot be opened: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
