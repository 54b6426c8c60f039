"""Searches of one `_msearch` that are worked on side by side and still travel together, in one `_msearch`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from headpond.pipeline.query.searches import Answer

Pair = tuple[Any, Any]
"""The header line and the body of a search."""


@dataclass(slots=True)
class _Seat:
    """Searches that wait to be sent."""

    place: int
    pairs: Sequence[Pair]
    answers: list[Answer] | None = field(default=None)
    error: BaseException | None = field(default=None)

    @property
    def served(self) -> bool:
        return self.answers is not None or self.error is not None


class Meeting:
    """Waits until everybody who is still at work has something to send, then sends it all at once.

    Args:
        members: how many take part; each calls `leave` when it has nothing more to send.
        send: sends searches, gives their answers in the same order.
        at_work: how many may work at the same time; those who wait do not count.
    """

    def __init__(self, members: int, send: Callable[[list[Pair]], list[Answer]], at_work: int) -> None:
        self._members = members
        self._send = send
        self._turns = threading.Semaphore(at_work)
        self._changed = threading.Condition()
        self._waiting: list[_Seat] = []

    def enter(self) -> None:
        """Begins to work."""
        self._turns.acquire()

    def ask(self, place: int, pairs: Sequence[Pair]) -> list[Answer]:
        """The answers to some searches of a member.

        Args:
            place: of the member; they are sent in this order.
            pairs: headers and bodies.

        Raises:
            Exception: what sending raised; everybody gets it.
        """
        seat = _Seat(place, pairs)
        self._turns.release()
        try:
            with self._changed:
                self._waiting.append(seat)
                self._changed.notify_all()
                self._changed.wait_for(lambda: seat.served or len(self._waiting) == self._members)
                batch = [] if seat.served else self._waiting
                if batch:
                    self._waiting = []
            if batch:
                self._serve(sorted(batch, key=lambda one: one.place))
        finally:
            self._turns.acquire()
        if seat.error is not None:
            raise seat.error
        return seat.answers or []

    def leave(self) -> None:
        """Ends a member's work."""
        self._turns.release()
        with self._changed:
            self._members -= 1
            self._changed.notify_all()

    def _serve(self, batch: list[_Seat]) -> None:
        error: BaseException | None = None
        answers: list[Answer] = []
        try:
            answers = self._send([pair for seat in batch for pair in seat.pairs])
        except BaseException as failure:  # whoever waits must hear of it
            error = failure
        with self._changed:
            first = 0
            for seat in batch:
                seat.error = error
                if error is None:
                    seat.answers = answers[first : first + len(seat.pairs)]
                first += len(seat.pairs)
            self._changed.notify_all()
