"""The fingerprints of a target's endpoints, asked for once in a while."""

from __future__ import annotations

import threading
import time

from elasticsearch import Elasticsearch

from headpond.errors import HeadpondError
from headpond.pipeline import endpoints
from headpond.pipeline.query.patience import within
from headpond.stages.deadline import Deadline

KEPT_SECONDS = 60.0
"""How long what was looked up is believed."""

LONGEST = 5.0
"""Seconds that a look-up may take; it is of no use to a search that has less."""


class Fingerprints:
    """Remembers which model is behind an endpoint, so that not every search has to ask.

    Args:
        client: of the target.
    """

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str | None]] = {}
        self._asking: dict[str, threading.Lock] = {}

    def of(self, inference_id: str, deadline: Deadline) -> str | None:
        """The fingerprint of an endpoint; None when there is no such endpoint, or the target does not say in time.

        Args:
            inference_id: the endpoint.
            deadline: half of what it leaves may be spent.
        """
        found = self._kept(inference_id)
        if found is not None:
            return found[1]
        seconds = min(deadline.left / 2, LONGEST)
        with self._lock:
            turn = self._asking.setdefault(inference_id, threading.Lock())
        # One look-up for all who want to know; the lock is held by the one who asks.
        if seconds <= 0 or not turn.acquire(timeout=seconds):
            return None
        try:
            found = self._kept(inference_id)
            if found is None:
                found = time.monotonic() + KEPT_SECONDS, self._ask(inference_id, seconds)
                self._known[inference_id] = found
            return found[1]
        finally:
            turn.release()

    def forget(self) -> None:
        """Looks everything up again when it is next asked for."""
        self._known = {}

    def _kept(self, inference_id: str) -> tuple[float, str | None] | None:
        found = self._known.get(inference_id)
        return found if found is not None and time.monotonic() < found[0] else None

    def _ask(self, inference_id: str, seconds: float) -> str | None:
        try:
            endpoint = endpoints.get(within(self._client, seconds), inference_id)
        except HeadpondError:
            return None
        return endpoint.fingerprint if endpoint else None
