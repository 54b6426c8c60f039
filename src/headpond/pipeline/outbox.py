"""Documents that wait to be written, in pieces for a bulk request that whichever writer is free takes.

Documents with the same id keep their order: one waits until an earlier one in another piece has been written.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from headpond.pipeline.bulk import Line
from headpond.pipeline.pace.bulk_size import BulkSize
from headpond.pipeline.progress import TICK

_LONGEST_WAIT = 1.0
"""Seconds that a document waits for more of them before it is sent."""


@dataclass(slots=True, eq=False)
class Piece:
    """Lines for one bulk request, and their bytes.

    Attributes:
        lines: in the order they are written.
        size: bytes of all.
        due: when it goes out even if it is not full, as `time.monotonic` counts.
    """

    lines: list[Line] = field(default_factory=list)
    size: int = 0
    due: float = 0.0

    def add(self, line: Line) -> None:
        """Takes one more."""
        if not self.lines:
            self.due = time.monotonic() + _LONGEST_WAIT
        self.lines.append(line)
        self.size += len(line.body)


class Outbox:
    """Takes documents one by one and gives them out in pieces; bounded, so that reading waits for writing.

    Args:
        documents: in a piece at most.
        size: bytes in a piece at most, which change with what the cluster takes; one larger document goes alone.
        waiting: full pieces that may wait for a writer.
        abort: ends all waiting.
    """

    def __init__(self, documents: int, size: BulkSize, waiting: int, abort: threading.Event) -> None:
        self._documents = documents
        self._size = size
        self._waiting = waiting
        self._abort = abort
        self._changed = threading.Condition()
        self._open = Piece()
        self._ready: deque[Piece] = deque()
        self._given: set[str] = set()
        self._closed = False

    def put(self, line: Line) -> None:
        """Adds a document; waits while there is no room, or one of the same id is being written."""
        id = line.id
        with self._changed:
            while (full := not self._fits(line)) or id in self._given:
                if self._abort.is_set():
                    return
                if full and len(self._ready) < self._waiting:
                    self._seal()
                else:
                    self._changed.wait(TICK)
            self._open.add(line)
            if len(self._open.lines) == 1:
                self._changed.notify()  # from now on somebody has to look at the clock
            self._move_on()

    def take(self) -> Piece | None:
        """The next piece: a full one, or one whose time has come; None when there will be none any more."""
        with self._changed:
            while not self._abort.is_set():
                left = self._open.due - time.monotonic() if self._open.lines else TICK
                if not self._ready and self._open.lines and (self._closed or left <= 0):
                    self._seal()
                if self._ready:
                    piece = self._ready.popleft()
                    self._move_on()
                    self._changed.notify_all()
                    return piece
                if self._closed:
                    return None
                self._changed.wait(min(left, TICK))
            return None

    def done(self, piece: Piece) -> None:
        """A piece has been written; later documents of the same ids may follow."""
        with self._changed:
            self._given.difference_update([line.id for line in piece.lines])
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fits(self, line: Line) -> bool:
        some = self._open
        return not some.lines or (len(some.lines) < self._documents and some.size + len(line.body) <= self._size.now)

    def _move_on(self) -> None:
        """Begins a new piece when the open one is full and there is room for it."""
        full = len(self._open.lines) >= self._documents or self._open.size >= self._size.now
        if full and len(self._ready) < self._waiting:
            self._seal()

    def _seal(self) -> None:
        self._given.update([line.id for line in self._open.lines])
        self._ready.append(self._open)
        self._open = Piece()
        self._changed.notify_all()
