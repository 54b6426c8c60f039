"""Requests that libraries do not log: httpx and botocore log their addresses, and some providers take keys there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_own = threading.local()


@contextmanager
def unlogged() -> Iterator[None]:
    """While it is open, this thread's requests are not logged; those of others are as before."""
    _own.open = True
    try:
        yield
    finally:
        _own.open = False


def _logged(record: logging.LogRecord) -> bool:
    return not getattr(_own, "open", False)


for _name in ("httpx", "botocore.auth"):
    logging.getLogger(_name).addFilter(_logged)
