"""Takes a job: finds what an earlier run left, makes sure that nobody else is at it, and says where to begin."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass

from elasticsearch import ConflictError

from headpond.errors import JobError
from headpond.pipeline.state.job_state import COMPLETE, RUNNING, JobState
from headpond.pipeline.state.store import StateStore, Stored

log = logging.getLogger("headpond.pipeline")

_LOOK = 0.5
"""Seconds between two looks at a job that may be alive."""

_here: set[str] = set()
_here_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is ours.

    Attributes:
        stored: its state, which says where to begin.
        note: what a user should know about that; None when there is nothing.
    """

    stored: Stored
    note: str | None = None


def claim(store: StateStore, wanted: JobState, *, fresh: bool, take_over: bool, patience: float) -> Claim:
    """Marks a job as run by us.

    Args:
        store: where states are.
        wanted: the job as it would begin from nothing.
        fresh: whether to begin from nothing whatever was there.
        take_over: whether to take the job from another run that may be alive.
        patience: seconds without a sign of life after which another run counts as dead.

    Raises:
        JobError: another run is at it.
        ApiError, TransportError: states cannot be read or written.
    """
    with _here_lock:
        _here.add(wanted.run)
    try:
        while True:
            found = store.get(wanted.id)
            if found is not None and found.state.state == RUNNING and not take_over:
                found = _when_dead(store, found, patience)
            state, note = _begin(store, wanted, found.state if found else None, fresh=fresh)
            try:
                return Claim(Stored(state, store.put(state, found.version if found else None)), note)
            except ConflictError:
                continue  # another run has written in between; look again
    except BaseException:
        release(wanted)
        raise


def release(state: JobState) -> None:
    """This process no longer runs the job."""
    with _here_lock:
        _here.discard(state.run)


def _begin(store: StateStore, wanted: JobState, found: JobState | None, *, fresh: bool) -> tuple[JobState, str | None]:
    if fresh:
        return wanted, None
    if found is None:
        return wanted, _changed(store, wanted)
    if found.state == COMPLETE:
        return wanted, None
    if not found.settled.records:
        return wanted.going_on(found), None
    if found.index_uuid != wanted.index_uuid:
        return wanted, f"the index [{wanted.index}] is not the one this job wrote to, so it starts from the beginning"
    return wanted.going_on(found), f"going on behind record {found.settled.records:,}, where the last run ended"


def _changed(store: StateStore, wanted: JobState) -> str | None:
    """An unfinished job of the same files and names, whose content was another: it is forgotten, and that is said."""
    if not wanted.index_uuid:
        return None  # nothing was written to an index that is not there
    given = [source.get("given") for source in wanted.sources]
    for other in store.every(pipeline=wanted.pipeline, index=wanted.index, host=wanted.host):
        if other.state in (COMPLETE, RUNNING) or [source.get("given") for source in other.sources] != given:
            continue
        store.remove(other.id)
        at = f"since the run that ended at record {other.settled.records:,}, so this one starts from the beginning"
        changed = [
            now["given"]
            for then, now in zip(other.sources, wanted.sources, strict=True)
            if {**then, "given": None} != {**now, "given": None}
        ]
        return f"{', '.join(changed) or 'the pipeline'} has changed {at}"
    return None


def _when_dead(store: StateStore, found: Stored, patience: float) -> Stored | None:
    """Waits until it is plain that the run that has the job is dead, and gives its last state.

    What counts is whether it writes, not what its clock says.

    Raises:
        JobError: it is alive.
    """
    state = found.state
    if gone(state):
        return found
    log.warning(
        "the job is marked as run by process %s on %s; waiting up to %.0f s for a sign of life (--take-over: no wait)",
        state.pid, state.host, patience,
    )  # fmt: skip
    end = time.monotonic() + patience
    while time.monotonic() < end:
        time.sleep(min(_LOOK, patience / 4))
        now = store.get(state.id)
        if now is None:
            return None
        if now.version != found.version:
            if now.state.state != RUNNING:
                return now
            raise _taken(now.state)
    return found


def gone(state: JobState) -> bool:
    """Whether the job was run on this machine, by a process that has ended."""
    if state.host != socket.gethostname():
        return False
    if state.pid == os.getpid():
        return state.run not in _here
    try:
        os.kill(state.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _taken(by: JobState) -> JobError:
    return JobError(
        f"this job is being run already: by process {by.pid} on {by.host}, last sign of life {by.updated}",
        hint="wait until it has ended, or take the job from it with --take-over (JobSettings.take_over)",
    )
