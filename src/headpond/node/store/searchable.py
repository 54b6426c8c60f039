"""The searchable side of an index: segments, what waits for the next refresh, and their files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from headpond.node.store.builder import SegmentBuilder
from headpond.node.store.merge import merge_segments, plan
from headpond.node.store.segment import Bool, Reader, Segment
from headpond.node.store.segment_file import UnreadableSegmentError, load_segment, save_segment
from headpond.node.store.sink import Fields

MANIFEST = "segments.json"

SMALLEST_KEPT = 500
"""Documents from which a segment is written to disk at once; smaller ones wait for a merge, or for the end."""


@dataclass(slots=True)
class _Part:
    """A segment with its live documents and its file's name, None where nothing is kept on disk."""

    segment: Segment
    live: Bool
    file: str | None = None


class Searchable:
    """Segments of one index. Callers hold the database's write lock for everything but `reader` and `waiting_since`.

    Args:
        folder: where segments are kept between runs; None keeps them in memory only.

    Attributes:
        reader: the snapshot that searches see.
        waiting_since: `time.monotonic()` of the oldest write that no refresh has shown yet; None when there is none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._parts: list[_Part] = []
        self._builder = SegmentBuilder()
        self._dead: list[int] = []
        self._next_file = 0
        self._kept: list[str] = []
        self.reader = Reader((), ())
        self.waiting_since: float | None = None

    def open(self, current: NDArray[np.int64]) -> NDArray[np.int64]:
        """Loads the kept segments.

        Args:
            current: int64[n], the `_seq_no` of every document that exists.

        Returns:
            Those that no segment holds: the caller adds them again.
        """
        for name in self._listed():
            try:
                segment = load_segment(self._path(name))
            except UnreadableSegmentError:
                continue
            live = np.isin(segment.seq_nos, current)
            if live.any():
                self._parts.append(_Part(segment, live, name))
        self._remove_strays()
        self._publish()
        known = [part.segment.seq_nos for part in self._parts]
        return np.setdiff1d(current, np.concatenate(known)) if known else current

    def _path(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / name

    def _listed(self) -> list[str]:
        if self._folder is None:
            return []
        try:
            names = orjson.loads((self._folder / MANIFEST).read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return []
        known = [name for name in names if isinstance(name, str) and name.endswith(".npz") and "/" not in name]
        self._next_file = max((int(name[:-4]) for name in known if name[:-4].isdigit()), default=-1) + 1
        return known

    def add(self, id: str, seq_no: int, documents: Sequence[Fields]) -> None:
        """A document that the next refresh shows."""
        self._builder.add(id, seq_no, documents)
        self._wait()

    def drop(self, seq_no: int) -> None:
        """A document version that the next refresh hides."""
        self._dead.append(seq_no)
        self._wait()

    def _wait(self) -> None:
        if self.waiting_since is None:
            self.waiting_since = time.monotonic()

    @property
    def waiting(self) -> int:
        """How many documents the next refresh will show, nested ones included."""
        return self._builder.count

    def refresh(self) -> None:
        """Shows what has been written: one new segment, and the replaced and deleted documents gone."""
        if self.waiting_since is None:
            return
        self.waiting_since = None
        if self._builder.count:
            segment = self._builder.build()
            self._builder = SegmentBuilder()
            self._parts.append(_Part(segment, np.ones(segment.max_doc, np.bool_)))
        if self._dead:
            dead = np.array(self._dead, np.int64)
            self._dead = []
            for part in self._parts:
                gone = np.isin(part.segment.seq_nos, dead)
                if gone.any():
                    part.live = part.live & ~gone
        self._parts = [part for part in self._parts if part.live.any()]
        while (chosen := self._plan()) is not None:
            self._merge(*chosen)
        self._publish()
        self.keep()

    def _plan(self) -> tuple[int, int] | None:
        sizes = [part.segment.max_doc for part in self._parts]
        return plan(sizes, [len(part.live) - int(part.live.sum()) for part in self._parts])

    def _merge(self, first: int, last: int) -> None:
        parts = self._parts[first:last]
        merged = merge_segments([part.segment for part in parts], [part.live for part in parts])
        self._parts[first:last] = [_Part(merged, np.ones(merged.max_doc, np.bool_))]

    def force_merge(self) -> None:
        """Makes one segment of all, without deleted documents."""
        self.refresh()
        if len(self._parts) > 1 or any(not part.live.all() for part in self._parts):
            self._merge(0, len(self._parts))
            self._publish()
            self.keep()

    def _publish(self) -> None:
        self.reader = Reader(tuple(part.segment for part in self._parts), tuple(part.live for part in self._parts))

    def keep(self, *, small: bool = False) -> None:
        """Writes segments that are not on disk yet, and the list of valid files.

        A full disk only means a slower start next time.

        Args:
            small: also those with few documents, which a start without them reads again in no time.
        """
        if self._folder is None:
            return
        missing = [
            part for part in self._parts if part.file is None and (small or part.segment.max_doc >= SMALLEST_KEPT)
        ]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for part in missing:
                name = f"{self._next_file}.npz"
                self._next_file += 1
                save_segment(part.segment, self._path(name))
                part.file = name
            self._list([part.file for part in self._parts if part.file is not None])
        except OSError:
            return

    def _list(self, names: list[str]) -> None:
        """Writes the list of valid files and removes the others."""
        if self._folder is None or names == self._kept:
            return
        beside = self._folder / f"{MANIFEST}.tmp"
        beside.write_bytes(orjson.dumps(names))
        beside.replace(self._folder / MANIFEST)
        self._kept = names
        self._remove_strays()

    def _remove_strays(self) -> None:
        if self._folder is None or not self._folder.is_dir():
            return
        kept = {part.file for part in self._parts} | {MANIFEST}
        for path in self._folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)
