"""Ctrl-C as a request instead of an exception that may strike anywhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def on_interrupt(call: Callable[[], None]) -> Iterator[None]:
    """Calls back for every SIGINT (and SIGTERM where that means the same) that would raise KeyboardInterrupt.

    Programs with handlers of their own keep them, and so do threads other than the main one.

    Args:
        call: runs between two steps of the main thread; it may raise.
    """
    ours: list[signal.Signals] = []
    if threading.current_thread() is threading.main_thread():
        wanted = (signal.SIGINT, signal.SIGTERM)
        ours = [one for one in wanted if signal.getsignal(one) is signal.default_int_handler]

    def handle(*_: Any) -> None:
        call()

    for one in ours:
        signal.signal(one, handle)
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.default_int_handler)
