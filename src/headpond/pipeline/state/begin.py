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
from headpond.pipeline.state.claim import claim
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
    """

    store: StateStore
    stored: Stored

    @property
    def state(self) -> JobState:
        """How the job stood when it was begun."""
        return self.stored.state

    @property
    def start(self) -> Settled:
        """What earlier runs have settled."""
        return self.state.settled

    def letters(self) -> Path | None:
        """The dead letters of earlier runs, without those of records that are read again; None without any.

        Raises:
            JobError: the file cannot be written anew.
        """
        state = self.state
        if state.dead_letters is None:
            return None
        path = Path(state.dead_letters["path"])
        if state.dead_letters["host"] != state.host or not path.is_file():
            log.warning("earlier dead letters of this job are in %s on %s", path, state.dead_letters["host"])
            return None
        take_back(path, state.id, self.start.records)
        return path

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
    fresh: bool,
    take_over: bool,
    patience: float,
) -> Begun | None:
    """Takes the job; None, with a warning, where the target keeps no states for us.

    Args:
        client: of the target.
        wanted: the job as it would begin from nothing.
        fresh: whether to begin from nothing whatever was there.
        take_over: whether to take the job from another run that may be alive.
        patience: seconds without a sign of life after which another run counts as dead.

    Raises:
        JobError: another run is at it.
    """
    store = StateStore(client)
    try:
        store.prepare()
        wanted = replace(wanted, index_uuid=index_uuid(client, wanted.index) or "")
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
    return Begun(store, ours.stored)


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
