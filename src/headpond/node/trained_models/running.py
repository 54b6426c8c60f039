"""The deployments of a node: kept in SQLite, loaded when they start or, after a restart, when they are asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import orjson

from headpond.errors import RestError
from headpond.inference.invalid import status_exception
from headpond.node.store.database import Database
from headpond.node.trained_models.deployment import Deployment

if TYPE_CHECKING:
    from headpond.models.uploaded import Uploaded

State = Literal["starting", "started"]
TABLE = (
    "CREATE TABLE IF NOT EXISTS trained_model_deployments"
    " (deployment_id TEXT PRIMARY KEY, settings TEXT NOT NULL) STRICT"
)
MINUTE_MS = 60_000


@dataclass(slots=True)
class Counts:
    """What a deployment did since the node started.

    Attributes:
        inferences: texts answered.
        errors: texts that failed.
        timeouts: texts nobody waited for any more.
        milliseconds: spent on those answered.
        last_access: milliseconds since 1970; None before the first.
        peak: most texts in one minute.
    """

    inferences: int = 0
    errors: int = 0
    timeouts: int = 0
    milliseconds: float = 0
    last_access: int | None = None
    peak: int = 0
    _minute: int = 0
    _in_minute: int = 0
    _before: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, texts: int, milliseconds: float) -> None:
        """Counts answers."""
        with self._lock:
            now = time.time_ns() // 1_000_000
            self._turn(now)
            self.inferences += texts
            self.milliseconds += milliseconds
            self.last_access = now
            self._in_minute += texts
            self.peak = max(self.peak, self._in_minute)

    def failed(self, texts: int, *, timeout: bool = False) -> None:
        """Counts failures."""
        with self._lock:
            if timeout:
                self.timeouts += texts
            else:
                self.errors += texts

    def last_minute(self) -> int:
        """Texts answered in the last whole minute."""
        with self._lock:
            self._turn(time.time_ns() // 1_000_000)
            return self._before

    def _turn(self, now: int) -> None:
        minute = now // MINUTE_MS
        if minute != self._minute:
            self._before = self._in_minute if minute == self._minute + 1 else 0
            self._minute, self._in_minute = minute, 0


@dataclass(slots=True)
class Running:
    """One deployment, and how it stands.

    Attributes:
        deployment: what was asked for.
        state: `started` also after a restart, when the model is loaded by the first question.
        counts: what it did.
    """

    deployment: Deployment
    state: State = "started"
    counts: Counts = field(default_factory=Counts)
    _model: Uploaded | None = None
    _loading: threading.Lock = field(default_factory=threading.Lock)

    def model(self, load: Callable[[], Uploaded]) -> Uploaded:
        """The loaded model; it is loaded once, whoever asks first."""
        with self._loading:
            if self._model is None:
                self._model = load()
            return self._model


class RunningDeployments:
    """All deployments; they survive a restart.

    Args:
        database: the node's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        database.migrate(TABLE)
        self._running: dict[str, Running] = {}
        with database.reading() as connection:
            for (settings,) in connection.execute("SELECT settings FROM trained_model_deployments"):
                deployment = Deployment(**orjson.loads(settings))
                self._running[deployment.deployment_id] = Running(deployment)

    def all(self) -> list[Running]:
        """All of them by id."""
        return [self._running[name] for name in sorted(self._running)]

    def find(self, deployment_id: str) -> Running | None:
        """One of them, if it is there."""
        return self._running.get(deployment_id)

    def of_model(self, model_id: str) -> list[Running]:
        """Those of one model, by id."""
        return [running for running in self.all() if running.deployment.model_id == model_id]

    def add(self, deployment: Deployment) -> Running:
        """Keeps a new one, as `starting`.

        Raises:
            RestError: 409, its id is taken.
        """
        name = deployment.deployment_id
        with self._lock:
            if name in self._running:
                reason = f"Cannot start deployment [{name}] because it has already been started"
                cause = f"assignment for deployment with id [{name}] already exists"
                raise status_exception(
                    409, reason, caused_by=RestError(400, "resource_already_exists_exception", cause)
                )
            running = Running(deployment, "starting")
            self._write(deployment)
            self._running[name] = running
            return running

    def change(self, running: Running, deployment: Deployment) -> None:
        """Keeps new settings of one of them."""
        with self._lock:
            self._write(deployment)
            running.deployment = deployment

    def remove(self, deployment_id: str) -> bool:
        """Stops one of them; False when there is none."""
        with self._lock:
            if self._running.pop(deployment_id, None) is None:
                return False
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM trained_model_deployments WHERE deployment_id = ?", (deployment_id,))
            return True

    def _write(self, deployment: Deployment) -> None:
        row = (deployment.deployment_id, orjson.dumps(deployment.to_stored()).decode())
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO trained_model_deployments VALUES (?, ?)"
                " ON CONFLICT (deployment_id) DO UPDATE SET settings = excluded.settings",
                row,
            )


def no_deployment(deployment_id: str) -> RestError:
    """The answer for an id that no deployment has."""
    reason = f"No known model deployment with id [{deployment_id}]"
    return RestError(404, "resource_not_found_exception", reason)
