"""Takes a sample of the records of a source, and says how many there are as far as that can be known."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from headpond.pipeline.sources.base import Item, Source
from headpond.pipeline.sources.file_source import FileSource

LOOK = 20_000
"""Records that are read, at most, to count and to choose from."""

LOOK_BYTES = 16_000_000
"""Bytes of JSON that are read for it, at most."""

BLOCKS = 25
"""Places in a large file at which records are taken: neighbours are alike, so a few from many places say more."""


@dataclass(slots=True)
class Sample:
    """Some records of one source.

    Attributes:
        source: its name.
        documents: the records.
        sizes: their bytes, in the same order; tokens go with bytes much more closely than with records.
        records: how many the source has; None when nothing is known.
        bytes: all of them have; None when nothing is known.
        counted: whether `records` and `bytes` were counted, not estimated.
        how: where the sample was taken, in words.
        bad: how many of those looked at cannot be read.
    """

    source: str
    documents: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    records: float | None = None
    bytes: float | None = None
    counted: bool = False
    how: str = ""
    bad: int = 0


def take(source: Source, wanted: int) -> Sample:
    """A sample of a source; an iterator is used up by it as far as it is read.

    Small sources are read to their end, so they are counted and sampled evenly; in large files of lines it is taken at
    places spread over the file; of anything else it is the beginning.

    Raises:
        InputError: the source cannot be read.
    """
    size = source.plain_size if isinstance(source, FileSource) else None
    if size is not None and size > LOOK_BYTES:
        return _spread(source, wanted, size)
    return _beginning(source, wanted)


def _beginning(source: Source, wanted: int) -> Sample:
    """Reads up to the limits and keeps an even choice of what it saw (reservoir sampling, always the same choice)."""
    sample = Sample(source.name)
    chance = random.Random(0)
    seen = total = 0
    fraction: float | None = None
    items = source.items()
    ended = True
    for item in items:
        if item.document is None:
            sample.bad += 1
            continue
        size = _size(item.document)
        seen += 1
        total += size
        if len(sample.documents) < wanted:
            sample.documents.append(item.document)
            sample.sizes.append(size)
        elif (place := chance.randrange(seen)) < wanted:
            sample.documents[place], sample.sizes[place] = item.document, size
        fraction = source.fraction()
        if seen >= LOOK or total >= LOOK_BYTES:
            ended = False
            break
    _close(items)
    if ended:
        sample.records, sample.bytes, sample.counted = seen, total, True
        sample.how = "all records were counted"
    else:
        if fraction:
            sample.records, sample.bytes = seen / fraction, total / fraction
        sample.how = f"the first {seen:,} records"
    return sample


def _spread(source: Source, wanted: int, size: int) -> Sample:
    sample = Sample(source.name, how=f"{BLOCKS} places spread over the file")
    each = max(1, wanted // BLOCKS)
    seen = looked = 0
    for block in range(BLOCKS):
        offset = size * block // BLOCKS
        # Behind an offset stands the rest of a line, which is no record; nor is the first line line 1.
        items = source.items_after(1, offset) if offset else source.items()
        before = 0 if offset == 0 else None
        for item in items:
            if before is not None:
                seen += 1
                looked += item.position - before
                if item.document is None:
                    sample.bad += 1
                else:
                    sample.documents.append(item.document)
                    sample.sizes.append(item.position - before)
                if seen >= each * (block + 1):
                    break
            before = item.position
        _close(items)
    sample.bytes = float(size)
    sample.records = size * seen / looked if looked else None
    return sample


def _size(document: dict[str, Any]) -> int:
    try:
        return len(orjson.dumps(document))
    except (orjson.JSONEncodeError, TypeError):  # whole numbers beyond 64 bits
        return len(str(document).encode(errors="replace"))


def _close(items: Iterator[Item]) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()
