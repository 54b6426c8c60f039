"""How far a job is: the records from the first on that have all come to their end."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Place(NamedTuple):
    """A record's place in the sources of a job; a tuple, as `Item` is one.

    Attributes:
        source: which of the sources, from 0.
        line: its line there.
        position: see `Item.position`.
    """

    source: int
    line: int
    position: Any = None

    def to_json(self) -> dict[str, Any]:
        """An object with the attributes."""
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Settled:
    """A stretch of records from the first on, each of which has come to its end.

    Attributes:
        counts: how they ended: `indexed`, `unchanged`, `dropped`, `dead_lettered`.
        place: of the last of them; None before the first.
    """

    counts: dict[str, int]
    place: Place | None

    @property
    def records(self) -> int:
        """How many they are."""
        return sum(self.counts.get(end, 0) for end in ("indexed", "unchanged", "dead_lettered"))


NOTHING = Settled({}, None)
"""How far a job is that has not begun."""


class Prefix:
    """Takes the ends of records in any order and knows the longest stretch without a gap.

    It holds the records that are under way and those that overtook them: bounded by the job's queues, not by the input.

    Args:
        start: what earlier runs of the job settled.
    """

    def __init__(self, start: Settled) -> None:
        self._lock = threading.Lock()
        self._counts = Counter(start.counts)
        self._place = start.place
        self._first = start.records  # number of the first record that is still open
        self._places: deque[Place] = deque()
        self._ends: dict[int, dict[str, int]] = {}

    def enter(self, place: Place) -> int:
        """Notes the next record read; gives its number, from 0."""
        with self._lock:
            self._places.append(place)
            return self._first + len(self._places) - 1

    def settle(self, numbers: Iterable[int], amounts: dict[str, int]) -> None:
        """Records have come to their end; `amounts` says which, for each of them."""
        with self._lock:
            self._ends.update(dict.fromkeys(numbers, amounts))
            while (ended := self._ends.pop(self._first, None)) is not None:
                for end, amount in ended.items():
                    self._counts[end] += amount
                self._place = self._places.popleft()
                self._first += 1

    def settled(self) -> Settled:
        """The stretch as it is now."""
        with self._lock:
            return Settled(dict(self._counts), self._place)

    def __len__(self) -> int:
        """Records that are held."""
        with self._lock:
            return len(self._places)
