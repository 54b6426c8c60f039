"""Writes down how far a running job is, every few seconds, and with what it ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from elastic_transport import TransportError
from elasticsearch import ApiError, ConflictError, Elasticsearch

from headpond.errors import HeadpondError, JobError
from headpond.pipeline.api_error import describe
from headpond.pipeline.dead_letters import DeadLetters
from headpond.pipeline.report import Counters
from headpond.pipeline.retry import Failed, Retry
from headpond.pipeline.state.begin import Begun, index_uuid
from headpond.pipeline.state.claim import release
from headpond.pipeline.state.job_state import RUNNING, now
from headpond.pipeline.state.prefix import Prefix

log = logging.getLogger("headpond.pipeline")

FINAL = Retry(attempts=4, base=0.5, longest=5.0)
"""How the last state of a job is written, also to a target that is just coming back."""


class Keeper:
    """Keeps the state of one job while it runs.

    Args:
        begun: the job.
        prefix: how far it is.
        counters: of the job.
        letters: they must be on disk before their records count as settled.
        every: seconds between two writes.
        ends: set when another run has taken the job, so that this one ends at once.

    Attributes:
        lost: says who took the job; None while it is ours.
    """

    def __init__(
        self,
        begun: Begun,
        prefix: Prefix,
        counters: Counters,
        letters: DeadLetters,
        every: float,
        ends: Sequence[threading.Event],
    ) -> None:
        self._store = begun.store
        self._state = begun.state
        self._version = begun.stored.version
        self._index_uuid = begun.state.index_uuid
        self._prefix = prefix
        self._counters = counters
        self._letters = letters
        self._every = every
        self._ends = ends
        self._over = threading.Event()
        self._silent = False
        self._thread = threading.Thread(target=self._keep, name="headpond-state", daemon=True)
        self.lost: JobError | None = None

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def index_is_new(self, client: Elasticsearch) -> None:
        """The index was made by this run; the state names it from now on."""
        with suppress(ApiError, TransportError):
            self._index_uuid = index_uuid(client, self._state.index) or ""

    def end(self, state: str, error: BaseException | None, retry: Retry = FINAL) -> None:
        """Writes how the job ended; a target that does not take it costs a warning.

        Args:
            state: `complete`, `interrupted` or `stopped`.
            error: why it ended early.
            retry: what happens after failures.
        """
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        message = (error.message if isinstance(error, HeadpondError) else str(error)) if error is not None else None
        try:
            if self.lost is None:
                retry.call(lambda: self._write(state, message), threading.Event(), lambda: None)
        except JobError as lost:
            log.warning("%s", lost.message)
        except Failed as failed:
            log.warning(
                "the state of the job could not be written, so a next run goes on behind record %s: %s",
                f"{self._state.settled.records:,}", failed.reason,
            )  # fmt: skip
        finally:
            release(self._state)

    def _keep(self) -> None:
        while not self._over.wait(self._every) and self.lost is None:
            try:
                self._write(RUNNING, None)
                self._silent = False
            except (ApiError, TransportError, JobError) as error:
                # Bulk requests will tell whether the target is gone; here it may be busy just now.
                if not self._silent and self.lost is None:
                    log.info("the state of the job cannot be written at the moment: %s", describe(error))
                self._silent = True

    def _write(self, state: str, message: str | None) -> None:
        settled = self._prefix.settled()
        self._letters.sync()
        used = self._counters.inference()
        following = replace(
            self._state,
            state=state,
            index_uuid=self._index_uuid,
            message=message,
            updated=now(),
            counts=settled.counts,
            position=settled.place.to_json() if settled.place else None,
            inference=used.to_json(),
        )
        try:
            self._version = self._store.put(following, self._version)
        except ConflictError:
            self._version = self._after_conflict()
            self._version = self._store.put(following, self._version)
        self._state = following

    def _after_conflict(self) -> tuple[int, int]:
        """The version to follow: our own last write, whose answer got lost.

        Raises:
            JobError: the job is somebody else's now.
        """
        found = self._store.get(self._state.id)
        if found is not None and found.state.run == self._state.run:
            return found.version
        by = f"process {found.state.pid} on {found.state.host}" if found else "somebody who removed its state"
        self.lost = JobError(f"the job was taken over by {by}", hint="what was written so far is safe")
        for event in self._ends:
            event.set()
        raise self.lost
