"""Reads part of a source, and says how much of the whole that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from headpond import exact_json
from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.sources.file_source import FileSource

LOOK = 20_000
"""Records that are read, at most."""

LOOK_BYTES = 16_000_000
"""Bytes of JSON that are read, at most."""

BLOCKS = 25
"""Places in a large file at which records are read: neighbours are alike, so a few from many places say more."""

SPREAD_BYTES = 4_000_000
"""Bytes that are read at all those places together, the same number at each: so every part of the file counts alike."""


@dataclass(slots=True)
class Look:
    """What was seen of one source; filled while `records` is consumed.

    Attributes:
        source: its name.
        seen: records that were read and can be.
        bad: things read that are no records.
        bytes: of the records seen.
        share: how much of the source was seen, by its bytes; 1 when all of it, None when unknown.
        spread: whether it was seen from its beginning to its end, even if in parts.
    """

    source: str
    seen: int = 0
    bad: int = 0
    bytes: int = 0
    share: float | None = None
    spread: bool = False

    @property
    def counted(self) -> bool:
        """Whether all of it was seen."""
        return self.share == 1.0

    @property
    def records(self) -> float | None:
        """How many records the source has."""
        return (self.seen + self.bad) / self.share if self.share else None

    @property
    def how(self) -> str:
        """How it was looked at, in words."""
        if self.counted:
            return "all counted"
        if self.spread:
            return f"{self.seen:,} records at {BLOCKS} places"
        return f"the first {self.seen:,} records"


def look(source: Source, view: Look) -> Iterator[bytes]:
    """Records of a source as JSON; what is seen is noted in `view`. An iterator is used up as far as it is read.

    Small sources are read to their end; large files of lines at places spread over the file; else the beginning.

    Raises:
        InputError: the source cannot be read.
    """
    size = source.plain_size if isinstance(source, FileSource) else None
    return _spread(source, view, size) if size is not None and size > LOOK_BYTES else _beginning(source, view)


def _beginning(source: Source, view: Look) -> Iterator[bytes]:
    items = source.items()
    try:
        for item in items:
            raw = _raw(item)
            if raw is None:
                view.bad += 1
            else:
                view.seen += 1
                view.bytes += len(raw)
                yield raw
            view.share = source.fraction()
            if view.seen >= LOOK or view.bytes >= LOOK_BYTES:
                return
        view.share, view.spread = 1.0, True
    finally:
        _close(items)


def _spread(source: Source, view: Look, size: int) -> Iterator[bytes]:
    read = 0
    each = min(SPREAD_BYTES, size) // BLOCKS
    for block in range(BLOCKS):
        # In the middle of its share of the file; there stands the rest of a line, which is no record.
        offset = (2 * block + 1) * size // (2 * BLOCKS) - each // 2
        items = source.items_after(1, offset)
        before: int | None = None
        end = read + each
        try:
            for item in items:
                if before is not None:
                    read += item.position - before
                    raw = _raw(item)
                    if raw is None:
                        view.bad += 1
                    else:
                        view.seen += 1
                        view.bytes += len(raw)
                        yield raw
                    if read >= end:
                        break
                before = item.position
        finally:
            _close(items)
    view.share, view.spread = min(1.0, read / size), True


def _raw(item: Item) -> bytes | None:
    if item.document is None:
        return None
    try:
        return exact_json.dumps(item.document)
    except (ValueError, TypeError, orjson.JSONEncodeError):
        return None


def _close(items: Iterator[Item]) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()
