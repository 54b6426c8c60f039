"""The endpoints a node keeps, and apart from them their secrets."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from pathlib import Path

import orjson

from headpond.errors import RestError
from headpond.inference.endpoint import Endpoint
from headpond.inference.hidden_url import REDACTED, hide
from headpond.inference.secrets import Secrets
from headpond.node.store.database import Database
from headpond.node.store.private_file import open_private

SECRETS_FILE = "secrets.sqlite3"

Stored = tuple[Endpoint, Secrets]


class Endpoints:
    """Endpoints in the node's database; secrets in a file of their own that only its owner can read (mode 0600).

    A row of the database names the row of its secrets, so that a write that fails half-way leaves at worst secrets
    nobody refers to; they are swept at the next start.

    Args:
        database: the node's; without a folder everything stays in memory.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        database.migrate(
            "CREATE TABLE IF NOT EXISTS inference_endpoints"
            " (inference_id TEXT PRIMARY KEY, config TEXT NOT NULL, secrets TEXT NOT NULL) STRICT"
        )
        self._secrets = _open_secrets(database.path)
        self._cached: dict[str, Stored] = {}
        self._load()

    def get(self, inference_id: str) -> Stored | None:
        """An endpoint with its secrets."""
        return self._cached.get(inference_id)

    def all(self) -> list[Endpoint]:
        """All endpoints by id."""
        return [self._cached[name][0] for name in sorted(self._cached)]

    def add(self, endpoint: Endpoint, secrets: Secrets) -> None:
        """Stores a new endpoint.

        Raises:
            RestError: 400 `resource_already_exists_exception`.
        """
        with self._lock:
            if endpoint.inference_id in self._cached:
                raise already_exists(endpoint.inference_id)
            self._write(endpoint, secrets)

    def keep_first(self, endpoint: Endpoint) -> Endpoint:
        """Stores an endpoint without secrets unless its id is there already; returns what is there then."""
        with self._lock:
            stored = self._cached.get(endpoint.inference_id)
            if stored is not None:
                return stored[0]
            self._write(endpoint, Secrets())
            return endpoint

    def replace(self, endpoint: Endpoint, secrets: Secrets) -> bool:
        """Stores an endpoint in the place of the one with its id; False when there is none any more."""
        with self._lock:
            if endpoint.inference_id not in self._cached:
                return False
            self._write(endpoint, secrets)
            return True

    def remove(self, inference_id: str) -> bool:
        """Forgets an endpoint and its secrets; False when there is none."""
        with self._lock:
            if inference_id not in self._cached:
                return False
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM inference_endpoints WHERE inference_id = ?", (inference_id,))
            del self._cached[inference_id]
            self._sweep()
            return True

    def close(self) -> None:
        """Closes the file of secrets."""
        with self._lock:
            self._secrets.close()

    def _write(self, endpoint: Endpoint, secrets: Secrets) -> None:
        key = uuid.uuid4().hex
        self._secrets.execute("INSERT INTO secrets VALUES (?, ?)", (key, orjson.dumps(secrets.reveal()).decode()))
        config = orjson.dumps(endpoint.to_stored()).decode()
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO inference_endpoints VALUES (?, ?, ?)"
                " ON CONFLICT (inference_id) DO UPDATE SET config = excluded.config, secrets = excluded.secrets",
                (endpoint.inference_id, config, key),
            )
        self._cached[endpoint.inference_id] = (endpoint, secrets)
        self._sweep()

    def _load(self) -> None:
        kept = dict(self._secrets.execute("SELECT key, secret FROM secrets").fetchall())
        with self._database.reading() as connection:
            rows = connection.execute("SELECT config, secrets FROM inference_endpoints").fetchall()
        for config, key in rows:
            endpoint = Endpoint.from_stored(orjson.loads(config))
            # A pond whose folder was copied without its secrets still lists its endpoints.
            secrets = Secrets(orjson.loads(kept[key])) if key in kept else Secrets()
            hidden = hide(endpoint, secrets) if REDACTED not in config else (endpoint, secrets)
            if hidden != (endpoint, secrets):  # as earlier versions of headpond kept it
                self._write(*hidden)
            self._cached[endpoint.inference_id] = hidden
        self._sweep()

    def _sweep(self) -> None:
        """Removes secrets that no endpoint refers to."""
        with self._database.reading() as connection:
            used = {row[0] for row in connection.execute("SELECT secrets FROM inference_endpoints")}
        kept = [row[0] for row in self._secrets.execute("SELECT key FROM secrets")]
        self._secrets.executemany("DELETE FROM secrets WHERE key = ?", [(key,) for key in kept if key not in used])


def already_exists(inference_id: str) -> RestError:
    """The answer to a PUT of an id that is taken (400, not 409)."""
    reason = f"Inference endpoint [{inference_id}] already exists"
    return RestError(400, "resource_already_exists_exception", reason)


def _open_secrets(folder: Path | None) -> sqlite3.Connection:
    connection = open_private(folder, SECRETS_FILE)
    connection.execute("CREATE TABLE IF NOT EXISTS secrets (key TEXT PRIMARY KEY, secret TEXT NOT NULL) STRICT")
    return connection
