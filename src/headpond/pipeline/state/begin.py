"""Begins a job: a new one, or one that an earlier run left unfinished."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, NotFoundError

from headpond import config
from headpond.pipeline.api_error import describe
from headpond.pipeline.state.claim import claim, release
from headpond.pipeline.state.job_state import JobState
from headpond.pipeline.state.letters import take_back
from headpond.pipeline.state.prefix import Settled
from headpond.pipeline.state.store import INDEX, StateStore, Stored

log = logging.getLogger("headpond.pipeline")


@dataclass(frozen=True, slots=True)
class Begun:
    """A job that is ours to run.

    Attributes:
        store: where its state is kept.
        stored: its state.
        letters: where its dead letters go.
    """

    store: StateStore
    stored: Stored
    letters: Path

    @property
    def state(self) -> JobState:
        """How the job stood when it was begun."""
        return self.stored.state

    @property
    def start(self) -> Settled:
        """What earlier runs have settled."""
        return self.state.settled

    def journal(self) -> Path:
        """A file for the vectors of this job, for runs that use no cache: a killed one does not pay for them twice."""
        path = self._journal()
        if not self.state.resumes:
            _remove(path)
        return path

    def forget_journal(self) -> None:
        """The job is done, its vectors are in the index."""
        _remove(self._journal())

    def _journal(self) -> Path:
        return config.home() / "jobs" / f"{self.state.id}.sqlite"


def begin(
    client: Elasticsearch,
    wanted: JobState,
    *,
    letters: Path | None,
    default_letters: Path,
    fresh: bool,
    take_over: bool,
    patience: float,
) -> Begun | None:
    """Takes the job; None, with a warning, where the target keeps no states for us.

    Args:
        client: of the target.
        wanted: the job as it would begin from nothing.
        letters: where dead letters shall go; None for the file of earlier runs.
        default_letters: where they go when there is no such file.
        fresh: whether to begin from nothing whatever was there.
        take_over: whether to take the job from another run that may be alive.
        patience: seconds without a sign of life after which another run counts as dead.

    Raises:
        JobError: another run is at it, or the dead letters of earlier runs cannot be gone on with.
    """
    store = StateStore(client)
    try:
        store.prepare()
        wanted = replace(
            wanted,
            index_uuid=index_uuid(client, wanted.index) or "",
            dead_letters=_place(wanted, letters or default_letters),
        )
        ours = claim(store, wanted, fresh=fresh, take_over=take_over, patience=patience)
    except (ApiError, TransportError) as error:
        log.warning(
            "the target keeps no state of this job in [%s], so a later run starts from the beginning; what is indexed "
            "by then costs it nothing: %s",
            INDEX,
            describe(error),
        )
        return None
    if ours.note:
        log.warning("%s", ours.note)
    try:
        path = _letters(ours.stored.state, letters, default_letters)
    except BaseException:
        release(wanted)
        raise
    return Begun(store, _with_letters(ours.stored, path), path)


def _letters(state: JobState, wanted: Path | None, default: Path) -> Path:
    """Where dead letters go; those of records that will be read again are taken back from the file of earlier runs."""
    if state.dead_letters is None or not state.resumes:
        return wanted or default
    host, earlier = state.dead_letters["host"], Path(state.dead_letters["path"])
    if host == state.host and earlier.is_file():
        take_back(earlier, state.id, state.settled.records)
        return wanted or earlier
    if state.counts.get("dead_lettered"):
        log.warning("earlier dead letters of this job are in %s on %s", earlier, host)
    return wanted or default


def _with_letters(stored: Stored, path: Path) -> Stored:
    return replace(stored, state=replace(stored.state, dead_letters=_place(stored.state, path)))


def _place(state: JobState, path: Path) -> dict[str, str]:
    return {"host": state.host, "path": str(path.absolute())}


def index_uuid(client: Elasticsearch, name: str) -> str | None:
    """What tells an index from a later one of the same name; None when there is none.

    Raises:
        ApiError, TransportError: the target does not say.
    """
    try:
        answer: Mapping[str, Any] = client.indices.get_settings(index=name, filter_path="*.settings.index.uuid").body
    except NotFoundError:
        return None
    found: Sequence[Any] = list(answer.values())
    return str(found[0]["settings"]["index"]["uuid"]) if len(found) == 1 else None


def _remove(database: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{database}{ending}").unlink(missing_ok=True)
