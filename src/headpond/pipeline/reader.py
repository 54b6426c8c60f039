"""Reads sources into windows of records: bounded in number and bytes, each record with its id and digest."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import orjson

from headpond.pipeline import identity
from headpond.pipeline.index import METADATA
from headpond.pipeline.ledger import Ledger
from headpond.pipeline.pace.window_size import WindowSize
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.state.prefix import Place
from headpond.stages.record import Failure, Record

STAGE = "source"
LINGER = 1.0
"""Seconds after which a window goes on that a slow source has not filled."""


class Reader:
    """Iterates over windows of records.

    Args:
        sources: read one after the other.
        pipeline: see `identity.of_pipeline`.
        records: in a window at most, which may change on the way.
        size: bytes of JSON in a window at most (one larger record makes a window alone).
        id_field: the field that holds ids; None for `_id` or a hash.
        ledger: books every record in.
        changing: whether processors work on the records; otherwise their texts are all that is kept.
        after: where an earlier run ended; None begins at the beginning.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        pipeline: bytes,
        *,
        records: WindowSize,
        size: int,
        id_field: str | None,
        ledger: Ledger,
        changing: bool = True,
        after: Place | None = None,
    ) -> None:
        self._sources = sources
        self._pipeline = pipeline
        self._records = records
        self._size = size
        self._id_field = id_field
        self._ledger = ledger
        self._changing = changing
        self._after = after
        self._current = after.source if after else 0

    def __iter__(self) -> Iterator[list[Record]]:
        """The windows, in the order of the sources.

        Raises:
            InputError: a source ends before its end; what was read before has been given.
        """
        window: list[Record] = []
        size = 0
        began = time.monotonic()
        try:
            for record in self._read():
                if not window:
                    began = time.monotonic()
                window.append(record)
                size += len(record.raw)
                if len(window) >= self._records.now or size >= self._size or time.monotonic() - began > LINGER:
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
        for ordinal in range(self._current, len(self._sources)):
            self._current = ordinal
            source = self._sources[ordinal]
            for item in self._items(ordinal):
                place = Place(ordinal, item.line, item.position)
                record = self._record(source, item, place, self._ledger.take(place))
                if record is not None:
                    yield record
        self._current = len(self._sources)

    def _items(self, ordinal: int) -> Iterator[Item]:
        source, after = self._sources[ordinal], self._after
        if after is None or after.source != ordinal:
            return source.items()
        return source.items_after(after.line, after.position)

    def _record(self, source: Source, item: Item, place: Place, number: int) -> Record | None:
        if item.document is None:
            failure = Failure(STAGE, item.error or "cannot be read")
            self._ledger.bad(failure, item.raw, source.name, place, number)
            return None
        record = Record(item.document, source=source.name, line=item.line, number=number, raw=item.text)
        try:
            if METADATA in record.document:
                raise ValueError(f"the field [{METADATA}] is this toolkit's own, give it another name")
            kept_at = 0 if self._changing or not item.text else identity.fields_at(item.text, record.document)
            identity.name(record, self._pipeline, id_field=self._id_field)
        except ValueError as error:
            raw = orjson.Fragment(record.raw) if record.raw else item.document
            self._ledger.bad(Failure(STAGE, str(error)), raw, source.name, place, number)
            return None
        if kept_at:
            record.fields_at, record.document = kept_at, {}
        self._ledger.enter(record)
        return record
