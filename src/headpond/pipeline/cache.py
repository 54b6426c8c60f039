"""Embeddings that have been computed, in an SQLite file: a text goes to the same model once."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import orjson

from headpond import config
from headpond.stages.inference import Embedding

log = logging.getLogger("headpond.pipeline")

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, kind TEXT NOT NULL, value BLOB NOT NULL) WITHOUT ROWID"
)
_MOST_PARAMETERS = 500


def default_path() -> Path:
    """`embeddings.sqlite` in headpond's folder of caches."""
    return config.home() / "embeddings.sqlite"


class EmbeddingCache:
    """Embeddings by model fingerprint and text. A cache that cannot be used is given up with a warning, never an error.

    Args:
        path: the file; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._path = path
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_SCHEMA)
            self._connection.commit()
            path.chmod(0o600)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def get(self, fingerprint: str, texts: Sequence[str]) -> dict[str, Embedding]:
        """The embeddings that are known, by text."""
        keys = {_key(fingerprint, text): text for text in texts}
        found: dict[str, Embedding] = {}
        with self._lock:
            if self._connection is None:
                return found
            try:
                for some in _slices(list(keys)):
                    marks = ",".join("?" * len(some))
                    query = f"SELECT key, kind, value FROM embedding WHERE key IN ({marks})"
                    for key, kind, value in self._connection.execute(query, some):
                        found[keys[key]] = _decode(kind, value)
            except sqlite3.Error as error:
                self._give_up(error)
        return found

    def put(self, fingerprint: str, embeddings: Mapping[str, Embedding]) -> None:
        """Keeps embeddings; they are on disk when this returns."""
        rows = [(_key(fingerprint, text), *_encode(embedding)) for text, embedding in embeddings.items()]
        with self._lock:
            if self._connection is None:
                return
            try:
                with self._connection:
                    self._connection.executemany("INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)", rows)
            except sqlite3.Error as error:
                self._give_up(error)

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

    def _give_up(self, error: Exception) -> None:
        log.warning("the embedding cache %s cannot be used, going on without: %s", self._path, error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _key(fingerprint: str, text: str) -> bytes:
    return hashlib.blake2b(f"{fingerprint}\0{text}".encode(errors="surrogatepass"), digest_size=16).digest()


def _encode(embedding: Embedding) -> tuple[str, bytes]:
    if isinstance(embedding, dict):
        return "sparse", orjson.dumps(embedding)
    if isinstance(embedding, str):
        return "text", embedding.encode()
    return ("float", embedding.tobytes()) if embedding.dtype == np.float32 else ("byte", embedding.tobytes())


def _decode(kind: str, value: bytes) -> Embedding:
    if kind == "sparse":
        sparse: dict[str, float] = orjson.loads(value)
        return sparse
    if kind == "text":
        return value.decode()
    return np.frombuffer(value, np.float32) if kind == "float" else np.frombuffer(value, np.int8)


def _slices(keys: Sequence[bytes]) -> Iterable[Sequence[bytes]]:
    return (keys[at : at + _MOST_PARAMETERS] for at in range(0, len(keys), _MOST_PARAMETERS))
