"""Points in time: snapshots of indices that several searches see, whatever is written between them."""

from __future__ import annotations

import binascii
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from headpond.errors import RestError
from headpond.inference.duration import format_duration, parse_duration
from headpond.node.query._object import TEXTS, Member, read_members
from headpond.node.search.failed import SearchFailedError
from headpond.node.search.json import Json
from headpond.node.store.frozen import FrozenIndex
from headpond.node.store.index import Index

_LONGEST = 86_400.0
"""Seconds; the default of Elasticsearch's `search.max_keep_alive`."""

_MARK = b"headpond-pit-"


@dataclass(frozen=True, slots=True)
class PitReference:
    """The `pit` of a search.

    Attributes:
        id: of the point in time.
        keep_alive: seconds for which it is kept from now on; None for as long as it would be anyway.
    """

    id: str
    keep_alive: float | None = None


@dataclass(slots=True)
class _Point:
    indices: list[FrozenIndex]
    owner: str
    until: float


class PointsInTime:
    """Those that are open on a node. One that has expired is forgotten when the next one is asked for."""

    def __init__(self) -> None:
        self._points: dict[str, _Point] = {}
        self._lock = threading.Lock()

    def open(self, indices: Sequence[Index], keep_alive: float, owner: str) -> str:
        """Freezes indices as they are now; gives the id.

        Args:
            indices: none is possible, too.
            keep_alive: seconds.
            owner: who may use it.

        Raises:
            RestError: 400, it would be kept for too long.
        """
        _check(keep_alive)
        id = urlsafe_b64encode(_MARK + uuid4().bytes).decode()
        until = time.monotonic() + keep_alive
        for index in indices:
            index.writer.pins[id] = (time.monotonic(), until)
        point = _Point([FrozenIndex(index) for index in indices], owner, until)
        with self._lock:
            self._sweep()
            self._points[id] = point
        return id

    def find(self, reference: PitReference, owner: str) -> list[Index]:
        """The indices of a point in time, as they were.

        Raises:
            RestError: 404, it is not there (any more); 503, an index of it is gone; 400, it would be kept for too long.
        """
        with self._lock:
            self._sweep()
            point = self._points.get(reference.id)
            if point is None or point.owner != owner:
                reason = f"No search context found for id [{reference.id}]"
                raise _failed(RestError(404, "search_context_missing_exception", reason))
            if reference.keep_alive is not None:
                try:
                    _check(reference.keep_alive)
                except RestError as error:
                    raise SearchFailedError(error, ()) from None
                point.until = max(point.until, time.monotonic() + reference.keep_alive)
                for index in point.indices:
                    opened, _ = index.writer.pins.get(reference.id, (time.monotonic(), 0.0))
                    index.writer.pins[reference.id] = (opened, point.until)
        if any(index.writer.removed for index in point.indices):
            raise _failed(RestError(503, "no_shard_available_action_exception", "the index is gone"))
        return list(point.indices)

    def close(self, id: str, owner: str) -> int:
        """Forgets a point in time; gives how many indices it held, 0 when it was not there.

        Raises:
            RestError: 400, this is no id.
        """
        _check_id(id)
        with self._lock:
            self._sweep()
            point = self._points.get(id)
            if point is None or point.owner != owner:
                return 0
            self._forget(id)
        return sum(not index.writer.removed for index in point.indices)

    def _sweep(self) -> None:
        now = time.monotonic()
        for id in [id for id, point in self._points.items() if point.until < now]:
            self._forget(id)

    def _forget(self, id: str) -> None:
        for index in self._points.pop(id).indices:
            index.writer.pins.pop(id, None)


def read_pit(source: Json) -> PitReference:
    """Reads `{"id": "...", "keep_alive": "1m"}`.

    Raises:
        RestError: 400, there is no id, or something is malformed.
    """
    members = {"id": Member(TEXTS, _read_id), "keep_alive": Member(TEXTS, lambda value: read_keep_alive(value.text()))}
    values = read_members(source, "pit", members)
    if "id" not in values:
        raise RestError(400, "illegal_argument_exception", "point in time id is not provided")
    return PitReference(**values)


def read_keep_alive(text: str) -> float:
    """Seconds.

    Raises:
        RestError: 400, it is not a duration.
    """
    try:
        return parse_duration(text, "keep_alive")
    except ValueError as error:
        raise RestError(400, "illegal_argument_exception", str(error)) from None


def _read_id(source: Json) -> str:
    _check_id(source.text())
    return source.text()


def _check_id(id: str) -> None:
    try:
        known = b64decode(id, altchars=b"-_", validate=True).startswith(_MARK)
    except (binascii.Error, ValueError):
        known = False
    if not known:
        raise RestError(400, "illegal_argument_exception", f"[{id}] is not the id of a point in time")


def _check(keep_alive: float) -> None:
    if keep_alive > _LONGEST:
        reason = (
            f"Keep alive for request ({format_duration(keep_alive)}) is too large. It must be less than (1d). This "
            "limit can be set by changing the [search.max_keep_alive] cluster level setting."
        )
        raise RestError(400, "illegal_argument_exception", reason)


def _failed(cause: RestError) -> RestError:
    """The error of a search that finds no shard to look in."""
    error = SearchFailedError(cause, ())
    error.caused_by = None
    return error
