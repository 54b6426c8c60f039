"""Small runs of several callers made into one, without a wait when nobody else is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


class _Ticket(Generic[I, R]):
    """The items of one caller, and what came of them.

    Attributes:
        items: as given.
        results: of a run that went well; None otherwise.
        leads: whether this caller makes the next run.
        turn: set when the caller need not wait any more.
    """

    __slots__ = ("items", "leads", "results", "turn")

    def __init__(self, items: Sequence[I]) -> None:
        self.items = items
        self.results: list[R] | None = None
        self.leads = False
        self.turn = threading.Event()


class Together(Generic[I, R]):
    """Gathers the items of callers while as many runs as may be are under way, and runs them as one.

    There is no time to be tuned: whoever finds a free place runs at once, and with all who are waiting.

    Args:
        run: makes the results of items, in order.
        at_once: runs at a time.
    """

    def __init__(self, run: Callable[[list[I]], list[R]], at_once: int) -> None:
        self._run = run
        self._free = at_once
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[I, R]] = []

    def ask(self, items: Sequence[I]) -> list[R]:
        """The results of the items, in order; raises what their run raises."""
        ticket: _Ticket[I, R] = _Ticket(items)
        with self._lock:
            ticket.leads = self._free > 0
            if ticket.leads:
                self._free -= 1
            else:
                self._waiting.append(ticket)
        if not ticket.leads:
            ticket.turn.wait()
        if ticket.leads:
            self._lead(ticket)
        if ticket.results is None:
            # Somebody's items made the run fail, nobody knows whose.
            return self._run(list(items))
        return ticket.results

    def _lead(self, own: _Ticket[I, R]) -> None:
        """Runs for all who wait, and hands the place to the first of those who have come meanwhile."""
        with self._lock:
            tickets, self._waiting = [own, *self._waiting], []
        try:
            results = self._run([item for ticket in tickets for item in ticket.items])
            at = 0
            for ticket in tickets:
                ticket.results = results[at : at + len(ticket.items)]
                at += len(ticket.items)
        except Exception:
            if len(tickets) == 1:
                raise
        finally:
            for ticket in tickets:
                ticket.turn.set()
            self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            if self._waiting:
                following = self._waiting.pop(0)
                following.leads = True
                following.turn.set()
            else:
                self._free += 1
