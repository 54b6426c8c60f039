"""Reads sources into windows of records: bounded in number and bytes, each record with its id and digest."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from headpond.pipeline import identity
from headpond.pipeline.index import METADATA
from headpond.pipeline.sources.base import Item, Source
from headpond.stages.record import Failure, Record

STAGE = "source"
OnBad = Callable[[Failure, Item, str], None]


class InFlight:
    """Ids of records that are between the source and the index."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, record: Record) -> None:
        """Notes a record; it is contended when its id is on its way already."""
        with self._lock:
            record.contended = self._counts[record.id] > 0
            self._counts[record.id] += 1

    def leave(self, record: Record) -> None:
        """The record has come to its end."""
        with self._lock:
            self._counts[record.id] -= 1
            if not self._counts[record.id]:
                del self._counts[record.id]


class Reader:
    """Iterates over windows of records.

    Args:
        sources: read one after the other.
        pipeline: see `identity.of_pipeline`.
        records: in a window at most.
        size: bytes of JSON in a window at most (one larger record makes a window alone).
        id_field: the field that holds ids; None for `_id` or a hash.
        on_take: called for each record taken.
        on_bad: called with what cannot be a record.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        pipeline: bytes,
        *,
        records: int,
        size: int,
        id_field: str | None,
        on_take: Callable[[], None],
        on_bad: OnBad,
    ) -> None:
        self._sources = sources
        self._pipeline = pipeline
        self._records = records
        self._size = size
        self._id_field = id_field
        self._on_take = on_take
        self._on_bad = on_bad
        self._current = 0
        self.in_flight = InFlight()

    def __iter__(self) -> Iterator[list[Record]]:
        """The windows, in the order of the sources.

        Raises:
            InputError: a source ends before its end; what was read before has been given.
        """
        window: list[Record] = []
        size = 0
        try:
            for record in self._read():
                window.append(record)
                size += len(record.raw)
                if len(window) >= self._records or size >= self._size:
                    full, window, size = window, [], 0
                    yield full
        except Exception:
            if window:
                yield window
            raise
        if window:
            yield window

    def fraction(self) -> float | None:
        """How much of all sources has been read; None when one of them does not know."""
        if self._current >= len(self._sources):
            return 1.0
        own = self._sources[self._current].fraction()
        return None if own is None else (self._current + own) / len(self._sources)

    def _read(self) -> Iterator[Record]:
        for source in self._sources:
            for item in source.items():
                self._on_take()
                record = self._record(source, item)
                if record is not None:
                    yield record
            self._current += 1

    def _record(self, source: Source, item: Item) -> Record | None:
        if item.document is None:
            self._on_bad(Failure(STAGE, item.error or "cannot be read"), item, source.name)
            return None
        record = Record(item.document, source=source.name, line=item.line)
        try:
            if METADATA in record.document:
                raise ValueError(f"the field [{METADATA}] is this toolkit's own, give it another name")
            identity.name(record, self._pipeline, id_field=self._id_field)
        except ValueError as error:
            self._on_bad(Failure(STAGE, str(error)), Item(item.line, None, item.document), source.name)
            return None
        self.in_flight.enter(record)
        return record
