"""The tables of indices and documents."""

from __future__ import annotations

TABLES = (
    """CREATE TABLE IF NOT EXISTS indices (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        uuid TEXT NOT NULL,
        created INTEGER NOT NULL,
        settings TEXT NOT NULL,
        mapping TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS aliases (
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        options TEXT NOT NULL,
        PRIMARY KEY (name, number)
    ) WITHOUT ROWID""",
    # The latest operation on each id; a deleted document stays as a tombstone so that its version goes on.
    """CREATE TABLE IF NOT EXISTS docs (
        number INTEGER NOT NULL,
        id TEXT NOT NULL,
        seq_no INTEGER NOT NULL,
        version INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        routing TEXT,
        PRIMARY KEY (number, id)
    ) WITHOUT ROWID""",
    # Keyed by index and sequence number, so that a search still finds the source of what a newer write has replaced.
    """CREATE TABLE IF NOT EXISTS sources (
        key INTEGER PRIMARY KEY,
        version INTEGER NOT NULL,
        source BLOB NOT NULL,
        vectors BLOB NOT NULL
    )""",
    "CREATE TABLE IF NOT EXISTS superseded (key INTEGER PRIMARY KEY)",
)

SEQ_NO_BITS = 40


def source_key(number: int, seq_no: int) -> int:
    """The key in `sources` of a document version."""
    return number << SEQ_NO_BITS | seq_no
