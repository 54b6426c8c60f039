"""The file that users, roles and API keys are kept in, apart from the pond's data: `security.sqlite3`, mode 0600."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import orjson

from headpond.node.store.private_file import open_private

FILE_NAME = "security.sqlite3"

Kind = Literal["user", "role", "api_key"]


class Kept:
    """Named JSON objects by kind; what was put is on disk when the call returns.

    Args:
        folder: the pond's; None keeps everything in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self._connection = open_private(folder, FILE_NAME)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS kept"
            " (kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name)) STRICT"
        )
        self.lock = threading.RLock()

    def all(self, kind: Kind) -> Iterable[tuple[str, dict[str, Any]]]:
        """All of a kind, in the order in which they were first put."""
        with self.lock:
            rows = self._connection.execute("SELECT name, body FROM kept WHERE kind = ? ORDER BY rowid", (kind,))
            return [(name, orjson.loads(body)) for name, body in rows]

    def put(self, kind: Kind, name: str, body: dict[str, Any]) -> None:
        """Keeps an object in the place of the one with its name."""
        with self.lock:
            self._connection.execute(
                "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body",
                (kind, name, orjson.dumps(body).decode()),
            )

    def remove(self, kind: Kind, name: str) -> None:
        """Forgets an object."""
        with self.lock:
            self._connection.execute("DELETE FROM kept WHERE kind = ? AND name = ?", (kind, name))

    def close(self) -> None:
        """Closes the file."""
        with self.lock:
            self._connection.close()
