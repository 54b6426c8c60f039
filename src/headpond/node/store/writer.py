"""The writing side of an index: versions, sequence numbers, and what waits for the transaction and for the refresh."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from headpond import exact_json
from headpond.node.mapping.document_parser import parse_document
from headpond.node.mapping.mapping import Mapping
from headpond.node.mapping.read_source import read_source
from headpond.node.store.database import Database
from headpond.node.store.metadata import Metadata
from headpond.node.store.names import not_found
from headpond.node.store.searchable import Searchable
from headpond.node.store.sink import Fields
from headpond.node.store.tables import SEQ_NO_BITS, source_key
from headpond.node.store.vectors_blob import put_vectors, take_vectors
from headpond.node.store.write_result import ANY, Conditions, Current, WriteResult, check, conflict

MOST_WAITING = 20_000
"""Documents after which a refresh does not wait for a search, so that a long load needs no more memory than this."""

LINGER = 60.0
"""Seconds that the source of a replaced document stays readable for searches that began before the refresh."""


class Writer:
    """Writes the documents of one index. Everything but `refresh` is called inside `Indices.writing`.

    Args:
        database: the node's.
        metadata: the index's; its mapping is replaced when a document teaches it something.

    Attributes:
        metadata: the same.
        folder: where segments are kept; None in memory.
        searchable: what searches see.
        removed: whether the index has been deleted; nothing can be written to it any more.
        pins: when points in time were opened, and until when what was there then stays readable, by id.
    """

    def __init__(self, database: Database, metadata: Metadata) -> None:
        self.database = database
        self.metadata = metadata
        self.folder: Path | None = database.path / "segments" / metadata.uuid if database.path is not None else None
        self.searchable = Searchable(self.folder)
        self.removed = False
        self._next_seq_no = 0
        self._staged: list[tuple[str, int, Sequence[Fields]]] = []
        self._staged_dead: list[int] = []
        self._saved: tuple[Mapping, int] | None = None
        self._waiting_dead: list[int] = []
        self._lingering: deque[tuple[float, list[int]]] = deque()
        self.pins: dict[str, tuple[float, float]] = {}

    def refresh(self) -> None:
        """Shows everything that has been written, and forgets the sources of what was replaced a while ago."""
        with self.database.transaction() as connection:
            self.searchable.refresh()
            if self._waiting_dead:
                self._lingering.append((time.monotonic(), self._waiting_dead))
                self._waiting_dead = []
            gone: list[int] = []
            now = time.monotonic()
            needed = min((opened for opened, until in list(self.pins.values()) if until >= now), default=now)
            while self._lingering and self._lingering[0][0] < min(now - LINGER, needed):
                gone += self._lingering.popleft()[1]
            if gone:
                keys = [(source_key(self.metadata.number, seq_no),) for seq_no in gone]
                connection.executemany("DELETE FROM sources WHERE key = ?", keys)
                connection.executemany("DELETE FROM superseded WHERE key = ?", keys)

    def current(self, id: str) -> Current | None:
        """The last operation on an id."""
        row = self.database.connection.execute(
            "SELECT seq_no, version, deleted, routing FROM docs WHERE number = ? AND id = ?",
            (self.metadata.number, id),
        ).fetchone()
        return Current(row[0], row[1], bool(row[2]), row[3]) if row else None

    def put(self, id: str, raw: bytes, conditions: Conditions = ANY, *, routing: str | None = None) -> WriteResult:
        """Writes a document. `Indices.writing` makes it durable and then searchable.

        Args:
            id: its id.
            raw: its JSON text.
            conditions: what must hold.
            routing: kept with the document.

        Raises:
            RestError: 409, a condition does not hold; 400, the document does not fit the mapping.
        """
        current = self.current(id)
        if refused := check(id, conditions, current):
            raise conflict(refused, self.metadata.name, self.metadata.uuid)
        document = read_source(raw)
        parsed = parse_document(self.metadata.mapping, id, raw, document)
        blob = b""
        if parsed.vectors and self.metadata.keeps_vectors_apart:
            blob = take_vectors(document, parsed.vectors)
        stored = exact_json.dumps(document) if blob else raw
        self._begin()
        if parsed.mapping is not self.metadata.mapping:
            self.put_mapping(parsed.mapping)
        exists = current is not None and not current.deleted
        version = conditions.version or (current.version + 1 if current else 1)
        seq_no = self._record(id, version, current, deleted=False, routing=routing)
        key = source_key(self.metadata.number, seq_no)
        self.database.connection.execute(
            "INSERT INTO sources (key, version, source, vectors) VALUES (?, ?, ?, ?)",
            (key, version, stored, blob),
        )
        self._staged.append((id, seq_no, _routed(parsed.documents, routing)))
        return WriteResult(id, version, seq_no, "updated" if exists else "created")

    def delete(self, id: str, conditions: Conditions = ANY) -> WriteResult:
        """Deletes a document; also what does not exist gets a tombstone, as in Elasticsearch.

        Raises:
            RestError: 409, a condition does not hold.
        """
        current = self.current(id)
        if refused := check(id, conditions, current):
            raise conflict(refused, self.metadata.name, self.metadata.uuid)
        self._begin()
        exists = current is not None and not current.deleted
        version = conditions.version or (current.version + 1 if current else 1)
        seq_no = self._record(id, version, current, deleted=True, routing=None)
        return WriteResult(id, version, seq_no, "deleted" if exists else "not_found")

    def _record(self, id: str, version: int, current: Current | None, *, deleted: bool, routing: str | None) -> int:
        seq_no = self._next_seq_no
        self._next_seq_no += 1
        self.database.connection.execute(
            "INSERT INTO docs (number, id, seq_no, version, deleted, routing) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (number, id) DO UPDATE SET seq_no = excluded.seq_no, version = excluded.version, "
            "deleted = excluded.deleted, routing = excluded.routing",
            (self.metadata.number, id, seq_no, version, deleted, routing),
        )
        if current is not None and not current.deleted:
            key = source_key(self.metadata.number, current.seq_no)
            self.database.connection.execute("INSERT INTO superseded (key) VALUES (?)", (key,))
            self._staged_dead.append(current.seq_no)
        return seq_no

    def put_mapping(self, mapping: Mapping) -> None:
        """Replaces the mapping."""
        self._begin()
        self.metadata.mapping = mapping
        text = orjson.dumps(mapping.body).decode()
        self.database.connection.execute(
            "UPDATE indices SET mapping = ? WHERE number = ?", (text, self.metadata.number)
        )

    def _begin(self) -> None:
        if self.removed:
            raise not_found(self.metadata.name)
        if self._saved is None:
            self._saved = (self.metadata.mapping, self._next_seq_no)

    def committed(self) -> None:
        """The transaction is on disk: its documents wait for the next refresh."""
        for id, seq_no, documents in self._staged:
            self.searchable.add(id, seq_no, documents)
        for seq_no in self._staged_dead:
            self.searchable.drop(seq_no)
        self._waiting_dead += self._staged_dead
        self._staged, self._staged_dead, self._saved = [], [], None
        if self.searchable.waiting >= MOST_WAITING and self.metadata.refresh_interval is not None:
            self.refresh()

    def rolled_back(self) -> None:
        """Nothing of the transaction was kept."""
        if self._saved is not None:
            self.metadata.mapping, self._next_seq_no = self._saved
        self._staged, self._staged_dead, self._saved = [], [], None

    def load(self) -> None:
        """Opens the kept segments and reads again what they lack."""
        with self.database.transaction() as connection:
            rows = connection.execute(
                "SELECT seq_no, deleted FROM docs WHERE number = ?", (self.metadata.number,)
            ).fetchall()
            self._next_seq_no = max((row[0] for row in rows), default=-1) + 1
            current = np.array([row[0] for row in rows if not row[1]], np.int64)
            missing = set(self.searchable.open(current).tolist())
            if missing:
                self._read_again(missing)
            self.searchable.refresh()

    def _read_again(self, missing: set[int]) -> None:
        """Adds documents that no segment file holds."""
        rows = self.database.connection.execute(
            "SELECT docs.id, docs.seq_no, docs.routing, sources.source, sources.vectors FROM docs "
            f"JOIN sources ON sources.key = docs.number << {SEQ_NO_BITS} | docs.seq_no "
            "WHERE docs.number = ? AND NOT docs.deleted ORDER BY docs.seq_no",
            (self.metadata.number,),
        )
        for id, seq_no, routing, raw, blob in rows:
            if seq_no in missing:
                document = put_vectors(exact_json.loads(raw), blob, exact=True)
                documents = parse_document(self.metadata.mapping, id, raw, document).documents
                self.searchable.add(id, seq_no, _routed(documents, routing))

    def remove(self) -> None:
        """Deletes the documents; `forget` follows when the transaction is through."""
        connection = self.database.connection
        low, high = source_key(self.metadata.number, 0), source_key(self.metadata.number + 1, 0)
        connection.execute("DELETE FROM docs WHERE number = ?", (self.metadata.number,))
        connection.execute("DELETE FROM sources WHERE key >= ? AND key < ?", (low, high))
        connection.execute("DELETE FROM superseded WHERE key >= ? AND key < ?", (low, high))

    def forget(self) -> None:
        """The index is gone for good: its files go too, and nothing can be written to it any more."""
        self.removed = True
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _routed(documents: list[Fields], routing: str | None) -> list[Fields]:
    """The documents with the routing in the column `_routing` of the root."""
    if routing is not None:
        documents[-1].ordinals["_routing"] = [routing]
    return documents
