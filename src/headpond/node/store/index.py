"""One index: documents in SQLite, segments for searches."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from headpond.node.mapping.document_parser import parse_document, read_source
from headpond.node.mapping.mapping import Mapping
from headpond.node.search.source_filter import SourceFilter
from headpond.node.store.database import Database
from headpond.node.store.metadata import Metadata
from headpond.node.store.names import not_found
from headpond.node.store.searchable import Searchable
from headpond.node.store.segment import Reader, Segment
from headpond.node.store.sink import Fields
from headpond.node.store.tables import SEQ_NO_BITS, source_key
from headpond.node.store.vectors_blob import put_vectors, take_vectors
from headpond.node.store.write_result import ANY, Conditions, Current, WriteResult, check, conflict

MOST_WAITING = 20_000
"""Documents after which a refresh does not wait for a search, so that a long load needs no more memory than this."""

LINGER = 60.0
"""Seconds that the source of a replaced document stays readable for searches that began before the refresh."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is now, refreshed or not.

    Attributes:
        id: its id.
        seq_no: number of its last operation.
        version: its version.
        routing: the routing it was written with.
        raw: the source without vectors, as JSON.
        blob: its vectors, as `vectors_blob` has them.
        shown: turns both into the source.
    """

    id: str
    seq_no: int
    version: int
    routing: str | None
    raw: bytes
    blob: bytes
    shown: Callable[[bytes, bytes], dict[str, Any]]

    def source(self, *, vectors: bool = False) -> dict[str, Any]:
        """The parsed source as the mapping's `_source` lets it be seen; with `vectors`, dense ones are arrays."""
        return self.shown(self.raw, self.blob if vectors else b"")

    def whole(self) -> dict[str, Any]:
        """All that was sent, for a partial update; vectors are lists."""
        return put_vectors(orjson.loads(self.raw), self.blob, exact=True)


class _Core:
    """What all views of one index share."""

    def __init__(self, database: Database, metadata: Metadata) -> None:
        self.database = database
        self.metadata = metadata
        self.folder: Path | None = database.path / "segments" / metadata.uuid if database.path is not None else None
        self.searchable = Searchable(self.folder)
        self.next_seq_no = 0
        self.removed = False
        self.staged: list[tuple[str, int, Sequence[Fields]]] = []
        self.staged_dead: list[int] = []
        self.saved: tuple[Mapping, int] | None = None
        self.waiting_dead: list[int] = []
        self.lingering: deque[tuple[float, list[int]]] = deque()


class Index:
    """An index, or a view of it through aliases with filters.

    Attributes:
        alias_filters: query bodies of which one must match, when the index was named by aliases that all have a filter;
            empty when all documents are meant.
    """

    __slots__ = ("_core", "alias_filters")

    def __init__(self, core: _Core, alias_filters: tuple[dict[str, Any], ...] = ()) -> None:
        self._core = core
        self.alias_filters = alias_filters

    @classmethod
    def open(cls, database: Database, metadata: Metadata) -> Index:
        """The index of the given metadata with its segments; documents that no segment file holds are read again."""
        index = cls(_Core(database, metadata))
        index._load()
        return index

    def filtered(self, filters: tuple[dict[str, Any], ...]) -> Index:
        """The same index seen through filters."""
        return Index(self._core, filters)

    @property
    def metadata(self) -> Metadata:
        """Settings, aliases and names."""
        return self._core.metadata

    @property
    def name(self) -> str:
        """The name of the index itself, also when it was found by an alias."""
        return self._core.metadata.name

    @property
    def uuid(self) -> str:
        """Its unique id."""
        return self._core.metadata.uuid

    @property
    def number(self) -> int:
        """Its key in the tables."""
        return self._core.metadata.number

    @property
    def mapping(self) -> Mapping:
        """The fields as they are now."""
        return self._core.metadata.mapping

    def reader(self) -> Reader:
        """What a search sees; writes older than the refresh interval are shown first."""
        searchable = self._core.searchable
        waiting, interval = searchable.waiting_since, self._core.metadata.refresh_interval
        if waiting is not None and interval is not None and time.monotonic() - waiting >= interval:
            self.refresh()
        return searchable.reader

    def refresh(self) -> None:
        """Shows everything that has been written."""
        core = self._core
        with core.database.transaction() as connection:
            core.searchable.refresh()
            if core.waiting_dead:
                core.lingering.append((time.monotonic(), core.waiting_dead))
                core.waiting_dead = []
            gone: list[int] = []
            while core.lingering and time.monotonic() - core.lingering[0][0] > LINGER:
                gone += core.lingering.popleft()[1]
            if gone:
                keys = [(source_key(self.number, seq_no),) for seq_no in gone]
                connection.executemany("DELETE FROM sources WHERE key = ?", keys)
                connection.executemany("DELETE FROM superseded WHERE key = ?", keys)

    def force_merge(self) -> None:
        """Makes one segment of all, without deleted documents."""
        self.refresh()
        with self._core.database.transaction():
            self._core.searchable.force_merge()

    def source(self, segment: Segment, ordinal: int, *, vectors: bool = False) -> dict[str, Any] | None:
        """The source of a document that a search found.

        Args:
            segment: one of the reader's.
            ordinal: the document in it; a nested one gives its root's source.
            vectors: also gives dense and sparse vectors; dense ones are float32 arrays of shape (dims,).

        Returns:
            The parsed source; None when the document is no longer kept.
        """
        key = source_key(self.number, int(segment.seq_nos[ordinal]))
        with self._core.database.reading() as connection:
            row = connection.execute("SELECT source, vectors FROM sources WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        return self._shown(row[0], row[1] if vectors else b"")

    def _shown(self, raw: bytes, blob: bytes) -> dict[str, Any]:
        source = put_vectors(orjson.loads(raw), blob)
        return SourceFilter(includes=self.mapping.source_includes, excludes=self.mapping.source_excludes)(source)

    def version(self, segment: Segment, ordinal: int) -> int:
        """The version of a document that a search found; 1 when it is no longer kept."""
        key = source_key(self.number, int(segment.seq_nos[ordinal]))
        with self._core.database.reading() as connection:
            row = connection.execute("SELECT version FROM sources WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 1

    def get(self, id: str, *, written: bool = False) -> Document | None:
        """The document of an id as it is now, refreshed or not.

        Args:
            id: its id.
            written: also sees what the running transaction has written.
        """
        database = self._core.database
        with contextlib.nullcontext(database.connection) if written else database.reading() as connection:
            row = connection.execute(
                "SELECT docs.seq_no, docs.version, docs.routing, sources.source, sources.vectors FROM docs "
                f"JOIN sources ON sources.key = docs.number << {SEQ_NO_BITS} | docs.seq_no "
                "WHERE docs.number = ? AND docs.id = ? AND NOT docs.deleted",
                (self.number, id),
            ).fetchone()
        return Document(id, row[0], row[1], row[2], row[3], row[4], self._shown) if row else None

    def get_refreshed(self, id: str) -> Document | None:
        """The document of an id as searches see it."""
        reader = self.reader()
        for segment, live in zip(reversed(reader.segments), reversed(reader.live), strict=True):
            for ordinal, known in enumerate(segment.ids):
                if known == id and live[ordinal] and segment.kinds[ordinal] == 0:
                    return self._at(id, int(segment.seq_nos[ordinal]))
        return None

    def _at(self, id: str, seq_no: int) -> Document | None:
        with self._core.database.reading() as connection:
            row = connection.execute(
                "SELECT version, source, vectors FROM sources WHERE key = ?", (source_key(self.number, seq_no),)
            ).fetchone()
        return Document(id, seq_no, row[0], None, row[1], row[2], self._shown) if row else None

    def count(self, *, nested: bool = False) -> int:
        """How many documents searches see; with `nested`, nested objects count as documents too."""
        reader = self._core.searchable.reader
        return sum(
            int((live if nested else live & (segment.kinds == 0)).sum())
            for segment, live in zip(reader.segments, reader.live, strict=True)
        )

    def size(self) -> int:
        """Bytes of the documents and of the segment files."""
        low, high = source_key(self.number, 0), source_key(self.number + 1, 0)
        with self._core.database.reading() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(length(source) + length(vectors)), 0) FROM sources WHERE key >= ? AND key < ?",
                (low, high),
            ).fetchone()
        folder = self._core.folder
        files = folder.iterdir() if folder is not None and folder.is_dir() else ()
        return int(row[0]) + sum(path.stat().st_size for path in files)

    def deleted_count(self) -> int:
        """How many deleted documents segments still hold."""
        reader = self._core.searchable.reader
        return sum(len(live) - int(live.sum()) for live in reader.live)

    def current(self, id: str) -> Current | None:
        """The last operation on an id. Call it inside a transaction."""
        row = self._core.database.connection.execute(
            "SELECT seq_no, version, deleted, routing FROM docs WHERE number = ? AND id = ?",
            (self.number, id),
        ).fetchone()
        return Current(row[0], row[1], bool(row[2]), row[3]) if row else None

    def put(self, id: str, raw: bytes, conditions: Conditions = ANY, *, routing: str | None = None) -> WriteResult:
        """Writes a document. Call it inside `Indices.writing`, which makes it durable and then searchable.

        Args:
            id: its id.
            raw: its JSON text.
            conditions: what must hold.
            routing: kept with the document.

        Raises:
            RestError: 409, a condition does not hold; 400, the document does not fit the mapping.
        """
        core, current = self._core, self.current(id)
        if refused := check(id, conditions, current):
            raise conflict(refused, self.name, self.uuid)
        document = read_source(raw)
        parsed = parse_document(self.mapping, id, raw, document)
        blob = b""
        if parsed.vectors and core.metadata.keeps_vectors_apart:
            blob = take_vectors(document, parsed.vectors)
        stored = orjson.dumps(document) if blob else raw
        self._begin()
        if parsed.mapping is not self.mapping:
            self.put_mapping(parsed.mapping)
        exists = current is not None and not current.deleted
        version = conditions.version or (current.version + 1 if current else 1)
        seq_no = self._record(id, version, current, deleted=False, routing=routing)
        key = source_key(self.number, seq_no)
        core.database.connection.execute(
            "INSERT INTO sources (key, version, source, vectors) VALUES (?, ?, ?, ?)",
            (key, version, stored, blob),
        )
        core.staged.append((id, seq_no, _routed(parsed.documents, routing)))
        return WriteResult(id, version, seq_no, "updated" if exists else "created")

    def delete(self, id: str, conditions: Conditions = ANY) -> WriteResult:
        """Deletes a document; also what does not exist gets a tombstone, as in Elasticsearch.

        Raises:
            RestError: 409, a condition does not hold.
        """
        current = self.current(id)
        if refused := check(id, conditions, current):
            raise conflict(refused, self.name, self.uuid)
        self._begin()
        exists = current is not None and not current.deleted
        version = conditions.version or (current.version + 1 if current else 1)
        seq_no = self._record(id, version, current, deleted=True, routing=None)
        return WriteResult(id, version, seq_no, "deleted" if exists else "not_found")

    def _record(self, id: str, version: int, current: Current | None, *, deleted: bool, routing: str | None) -> int:
        core = self._core
        seq_no = core.next_seq_no
        core.next_seq_no += 1
        core.database.connection.execute(
            "INSERT INTO docs (number, id, seq_no, version, deleted, routing) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (number, id) DO UPDATE SET seq_no = excluded.seq_no, version = excluded.version, "
            "deleted = excluded.deleted, routing = excluded.routing",
            (self.number, id, seq_no, version, deleted, routing),
        )
        if current is not None and not current.deleted:
            key = source_key(self.number, current.seq_no)
            core.database.connection.execute("INSERT INTO superseded (key) VALUES (?)", (key,))
            core.staged_dead.append(current.seq_no)
        return seq_no

    def put_mapping(self, mapping: Mapping) -> None:
        """Replaces the mapping. Call it inside `Indices.writing`."""
        self._begin()
        self._core.metadata.mapping = mapping
        text = orjson.dumps(mapping.body).decode()
        self._core.database.connection.execute("UPDATE indices SET mapping = ? WHERE number = ?", (text, self.number))

    def _begin(self) -> None:
        if self._core.removed:
            raise not_found(self.name)
        if self._core.saved is None:
            self._core.saved = (self.mapping, self._core.next_seq_no)

    def committed(self) -> None:
        """The transaction is on disk: its documents wait for the next refresh."""
        core = self._core
        for id, seq_no, documents in core.staged:
            core.searchable.add(id, seq_no, documents)
        for seq_no in core.staged_dead:
            core.searchable.drop(seq_no)
        core.waiting_dead += core.staged_dead
        core.staged, core.staged_dead, core.saved = [], [], None
        if core.searchable.waiting >= MOST_WAITING and core.metadata.refresh_interval is not None:
            self.refresh()

    def rolled_back(self) -> None:
        """Nothing of the transaction was kept."""
        core = self._core
        if core.saved is not None:
            core.metadata.mapping, core.next_seq_no = core.saved
        core.staged, core.staged_dead, core.saved = [], [], None

    def _load(self) -> None:
        core = self._core
        with core.database.transaction() as connection:
            rows = connection.execute("SELECT seq_no, deleted FROM docs WHERE number = ?", (self.number,)).fetchall()
            core.next_seq_no = max((row[0] for row in rows), default=-1) + 1
            current = np.array([row[0] for row in rows if not row[1]], np.int64)
            missing = set(core.searchable.open(current).tolist())
            if missing:
                self._read_again(missing)
            core.searchable.refresh()

    def _read_again(self, missing: set[int]) -> None:
        """Adds documents that no segment file holds."""
        core = self._core
        rows = core.database.connection.execute(
            "SELECT docs.id, docs.seq_no, docs.routing, sources.source, sources.vectors FROM docs "
            f"JOIN sources ON sources.key = docs.number << {SEQ_NO_BITS} | docs.seq_no "
            "WHERE docs.number = ? AND NOT docs.deleted ORDER BY docs.seq_no",
            (self.number,),
        )
        for id, seq_no, routing, raw, blob in rows:
            if seq_no in missing:
                document = put_vectors(orjson.loads(raw), blob, exact=True)
                documents = parse_document(self.mapping, id, raw, document).documents
                core.searchable.add(id, seq_no, _routed(documents, routing))

    def remove(self) -> None:
        """Deletes the documents. Call it inside a transaction, and `removed` behind it."""
        core, connection = self._core, self._core.database.connection
        low, high = source_key(self.number, 0), source_key(self.number + 1, 0)
        connection.execute("DELETE FROM docs WHERE number = ?", (self.number,))
        connection.execute("DELETE FROM sources WHERE key >= ? AND key < ?", (low, high))
        connection.execute("DELETE FROM superseded WHERE key >= ? AND key < ?", (low, high))

    def removed(self) -> None:
        """The index is gone for good: its files go too, and nothing can be written to it any more."""
        self._core.removed = True
        if self._core.folder is not None:
            shutil.rmtree(self._core.folder, ignore_errors=True)

    def close(self) -> None:
        """Shows and keeps what waits, so that the next start has nothing to read again."""
        if self._core.searchable.waiting_since is not None and not self._core.removed:
            self.refresh()


def _routed(documents: list[Fields], routing: str | None) -> list[Fields]:
    """The documents with the routing in the column `_routing` of the root."""
    if routing is not None:
        documents[-1].ordinals["_routing"] = [routing]
    return documents
