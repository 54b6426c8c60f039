"""Answers that are heard while they come.

The official client gives an answer when it is whole. A stream of a completion is to be shown piece by piece, and so its
parts are told to whoever listens, on the way to the client, which sees to everything else as always: addresses,
credentials, errors.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from elastic_transport import Urllib3HttpNode

Listener = Callable[[bytes], None]

_listener: ContextVar[Listener | None] = ContextVar("headpond_listener", default=None)

PART = 65536


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tells the parts of every answer that comes meanwhile, in this thread, as they come.

    Only answers to clients that `headpond.connect` made are heard; those of others come whole, and nothing is told.

    Args:
        listener: takes the next bytes of a body; how they are cut means nothing.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def joined(parts: Iterable[bytes]) -> bytes:
    """The whole of a body, each part of which is told."""
    listener, heard = _listener.get(), []
    for part in parts:
        if listener is not None:
            listener(part)
        heard.append(part)
    return b"".join(heard)


class HeardNode(Urllib3HttpNode):
    """The official client's own way to a cluster, with answers that can be heard."""

    def perform_request(self, *args: Any, **options: Any) -> Any:
        """As the base does it; its pool hands out answers that are read in parts."""
        if _listener.get() is None:
            return super().perform_request(*args, **options)
        heard = copy.copy(self)
        heard.pool = _Heard(self.pool)  # type: ignore[assignment]  # of a pool only `urlopen` is used here
        return super(HeardNode, heard).perform_request(*args, **options)


class _Heard:
    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def urlopen(self, *args: Any, **options: Any) -> Any:
        answer = self._pool.urlopen(*args, **options, preload_content=False)
        return _Answer(answer)


class _Answer:
    """Of an answer of urllib3 what the client reads: its status, its headers, all of its data."""

    def __init__(self, answer: Any) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._answer = answer

    @property
    def data(self) -> bytes:
        try:
            return joined(self._answer.stream(PART, decode_content=True))
        finally:
            self._answer.release_conn()
