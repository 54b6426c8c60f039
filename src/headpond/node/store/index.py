"""One index: documents in SQLite, segments for searches."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from headpond import exact_json
from headpond.node.mapping.mapping import Mapping
from headpond.node.search.source_filter import SourceFilter
from headpond.node.store.database import Database
from headpond.node.store.document import Document
from headpond.node.store.metadata import Metadata
from headpond.node.store.segment import Reader, Segment
from headpond.node.store.tables import SEQ_NO_BITS, source_key
from headpond.node.store.vectors_blob import put_vectors
from headpond.node.store.writer import Writer

_DOCUMENT = (
    "SELECT docs.id, docs.seq_no, docs.version, docs.routing, sources.source, sources.vectors FROM docs "
    f"JOIN sources ON sources.key = docs.number << {SEQ_NO_BITS} | docs.seq_no "
    "WHERE docs.number = ? AND NOT docs.deleted"
)
_AT_ONCE = 500
"""Documents that one statement reads; SQLite's own limit of parameters is higher."""


class Index:
    """An index, or a view of it through aliases with filters.

    Attributes:
        alias_filters: query bodies of which one must match, when the index was named by aliases that all have a filter;
            empty when all documents are meant.
        writer: the writing side, shared by all views.
    """

    __slots__ = ("alias_filters", "writer")

    def __init__(self, writer: Writer, alias_filters: tuple[dict[str, Any], ...] = ()) -> None:
        self.writer = writer
        self.alias_filters = alias_filters

    @classmethod
    def open(cls, database: Database, metadata: Metadata) -> Index:
        """The index of the given metadata with its segments; documents that no segment file holds are read again."""
        writer = Writer(database, metadata)
        writer.load()
        return cls(writer)

    def filtered(self, filters: tuple[dict[str, Any], ...]) -> Index:
        """The same index seen through filters."""
        return Index(self.writer, filters)

    @property
    def metadata(self) -> Metadata:
        """Settings, aliases and names."""
        return self.writer.metadata

    @property
    def name(self) -> str:
        """The name of the index itself, also when it was found by an alias."""
        return self.writer.metadata.name

    @property
    def uuid(self) -> str:
        """Its unique id."""
        return self.writer.metadata.uuid

    @property
    def number(self) -> int:
        """Its key in the tables."""
        return self.writer.metadata.number

    @property
    def mapping(self) -> Mapping:
        """The fields as they are now."""
        return self.writer.metadata.mapping

    def reader(self) -> Reader:
        """What a search sees; writes older than the refresh interval are shown first."""
        searchable = self.writer.searchable
        waiting, interval = searchable.waiting_since, self.writer.metadata.refresh_interval
        if waiting is not None and interval is not None and time.monotonic() - waiting >= interval:
            self.refresh()
        return searchable.reader

    def refresh(self) -> None:
        """Shows everything that has been written."""
        self.writer.refresh()

    def force_merge(self) -> None:
        """Makes one segment of all, without deleted documents."""
        self.refresh()
        with self.writer.database.transaction():
            self.writer.searchable.force_merge()

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
        with self.writer.database.reading() as connection:
            row = connection.execute("SELECT source, vectors FROM sources WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        return self._shown(row[0], row[1] if vectors else b"")

    def _shown(self, raw: bytes, blob: bytes) -> dict[str, Any]:
        source = put_vectors(exact_json.loads(raw), blob)
        return SourceFilter(includes=self.mapping.source_includes, excludes=self.mapping.source_excludes)(source)

    def version(self, segment: Segment, ordinal: int) -> int:
        """The version of a document that a search found; 1 when it is no longer kept."""
        key = source_key(self.number, int(segment.seq_nos[ordinal]))
        with self.writer.database.reading() as connection:
            row = connection.execute("SELECT version FROM sources WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else 1

    def get(self, id: str, *, written: bool = False) -> Document | None:
        """The document of an id as it is now, refreshed or not.

        Args:
            id: its id.
            written: also sees what the running transaction has written.
        """
        database = self.writer.database
        with contextlib.nullcontext(database.connection) if written else database.reading() as connection:
            row = connection.execute(f"{_DOCUMENT} AND docs.id = ?", (self.number, id)).fetchone()
        return self._document(row) if row else None

    def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        """The documents of several ids as they are now, refreshed or not; those that are there."""
        found = {}
        for at in range(0, len(ids), _AT_ONCE):
            some = ids[at : at + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            with self.writer.database.reading() as connection:
                rows = connection.execute(f"{_DOCUMENT} AND docs.id IN ({marks})", (self.number, *some)).fetchall()
            found.update({row[0]: self._document(row) for row in rows})
        return found

    def _document(self, row: tuple[str, int, int, str | None, bytes, bytes]) -> Document:
        return Document(*row, self._shown)

    def get_refreshed(self, id: str) -> Document | None:
        """The document of an id as searches see it."""
        reader = self.reader()
        for segment, live in zip(reversed(reader.segments), reversed(reader.live), strict=True):
            for ordinal, known in enumerate(segment.ids):
                if known == id and live[ordinal] and segment.kinds[ordinal] == 0:
                    return self._at(id, int(segment.seq_nos[ordinal]))
        return None

    def _at(self, id: str, seq_no: int) -> Document | None:
        with self.writer.database.reading() as connection:
            row = connection.execute(
                "SELECT version, source, vectors FROM sources WHERE key = ?", (source_key(self.number, seq_no),)
            ).fetchone()
        return Document(id, seq_no, row[0], None, row[1], row[2], self._shown) if row else None

    def count(self, *, nested: bool = False) -> int:
        """How many documents searches see; with `nested`, nested objects count as documents too."""
        reader = self.writer.searchable.reader
        return sum(
            int((live if nested else live & (segment.kinds == 0)).sum())
            for segment, live in zip(reader.segments, reader.live, strict=True)
        )

    def size(self) -> int:
        """Bytes of the documents and of the segment files."""
        low, high = source_key(self.number, 0), source_key(self.number + 1, 0)
        with self.writer.database.reading() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(length(source) + length(vectors)), 0) FROM sources WHERE key >= ? AND key < ?",
                (low, high),
            ).fetchone()
        folder = self.writer.folder
        files = folder.iterdir() if folder is not None and folder.is_dir() else ()
        return int(row[0]) + sum(path.stat().st_size for path in files)

    def deleted_count(self) -> int:
        """How many deleted documents segments still hold."""
        reader = self.writer.searchable.reader
        return sum(len(live) - int(live.sum()) for live in reader.live)

    def close(self) -> None:
        """Shows and keeps what waits, so that the next start has nothing to read again."""
        if not self.writer.removed:
            self.refresh()
            self.writer.searchable.keep(small=True)
