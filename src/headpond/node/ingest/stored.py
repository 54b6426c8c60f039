"""The ingest pipelines that a node keeps, durable in its database."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headpond import exact_json
from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.ingest.reading import parse
from headpond.node.store.database import Database
from headpond.stages.ingest_pipeline import IngestPipeline
from headpond.stages.options import parse_exception

CREATED, MODIFIED = "created_date_millis", "modified_date_millis"
_OF_THE_SYSTEM = (CREATED, "created_date", MODIFIED, "modified_date")


@dataclass(frozen=True, slots=True)
class Stored:
    """A pipeline as it is kept.

    Attributes:
        body: as it was put, with the times at which that was first and last.
        pipeline: ready to run; of one that this version cannot read the error.
    """

    body: Mapping[str, Any]
    pipeline: IngestPipeline | RestError


class StoredPipelines:
    """Pipelines by id.

    Args:
        database: the node's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        database.migrate("CREATE TABLE IF NOT EXISTS ingest_pipelines (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT")
        with database.reading() as connection:
            rows = connection.execute("SELECT id, body FROM ingest_pipelines").fetchall()
        self._stored = {id: _stored(id, exact_json.loads(body.encode())) for id, body in rows}

    def put(self, id: str, body: Mapping[str, Any], if_version: int | None = None) -> None:
        """Keeps a pipeline in the place of the one with its id.

        Args:
            id: its name.
            body: as of `PUT _ingest/pipeline`.
            if_version: the `version` that the present one must have.

        Raises:
            RestError: 400, the pipeline is not valid, or the present one has another version.
        """
        with self._lock:
            present = self._stored.get(id)
            if present is not None and if_version is None and body == _own(present.body):
                return
            for name in _OF_THE_SYSTEM:
                if name in body:
                    raise parse_exception(f"Provided a pipeline property which is managed by the system: {name}.")
            pipeline = parse(id, body)
            kept = dict(body)
            if if_version is not None:
                _check_version(id, body, if_version, present)
                if kept.get("version") is None:
                    kept["version"] = if_version + 1
            now = time.time_ns() // 1_000_000
            created = now if present is None else present.body.get(CREATED)
            kept |= {CREATED: created, MODIFIED: now} if created is not None else {MODIFIED: now}
            with self._database.transaction() as connection:
                connection.execute(
                    "INSERT INTO ingest_pipelines VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                    (id, exact_json.dumps(kept).decode()),
                )
            self._stored[id] = Stored(kept, pipeline)

    def get(self, id: str) -> IngestPipeline | None:
        """A pipeline, ready to run; None when there is none.

        Raises:
            RestError: 501, it was kept by another version, and this one cannot read it.
        """
        stored = self._stored.get(id)
        if stored is None:
            return None
        if isinstance(stored.pipeline, RestError):
            raise stored.pipeline
        return stored.pipeline

    def bodies(self, expression: str | None = None) -> dict[str, Mapping[str, Any]]:
        """Bodies by id, of all pipelines or of those that a comma list of names and wildcards means."""
        with self._lock:
            every = {id: self._stored[id].body for id in sorted(self._stored)}
        if expression is None:
            return every
        found: dict[str, Mapping[str, Any]] = {}
        for name in expression.split(","):
            found |= {id: body for id, body in every.items() if id not in found and _matches(name, id)}
        return found

    def remove(self, ids: list[str]) -> None:
        """Forgets pipelines, all or none."""
        with self._lock, self._database.transaction() as connection:
            connection.executemany("DELETE FROM ingest_pipelines WHERE id = ?", [(id,) for id in ids])
            for id in ids:
                self._stored.pop(id, None)

    def matching(self, pattern: str) -> list[str]:
        """The ids that one name or wildcard means, sorted."""
        with self._lock:
            return [id for id in sorted(self._stored) if _matches(pattern, id)]

    def using(self, inference_id: str) -> list[str]:
        """The ids of pipelines that ask an inference endpoint, sorted."""
        with self._lock:
            return [
                id
                for id, stored in sorted(self._stored.items())
                if isinstance(stored.pipeline, IngestPipeline) and inference_id in stored.pipeline.endpoints()
            ]


def _stored(id: str, body: dict[str, Any]) -> Stored:
    try:
        return Stored(body, parse(id, _own(body)))
    except RestError as error:
        reason = f"the stored pipeline [{id}] cannot be read by this version of headpond: {error.reason}"
        return Stored(body, RestError(501, "not_implemented_exception", reason))


def _own(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without what the node added."""
    return {key: value for key, value in body.items() if key not in (CREATED, MODIFIED)}


def _check_version(id: str, body: Mapping[str, Any], wanted: int, present: Stored | None) -> None:
    required = f"version conflict, required version [{wanted}] for pipeline [{id}] but"
    if present is None:
        raise illegal_argument(f"{required} no pipeline was found")
    version = present.body.get("version")
    if version != wanted:
        raise illegal_argument(f"{required} current version is [{'null' if version is None else version}]")
    if "version" in body and body["version"] == version:
        raise illegal_argument(f"cannot update pipeline [{id}] with the same version [{wanted}]")


def _matches(pattern: str, id: str) -> bool:
    parts = map(re.escape, pattern.split("*"))
    return re.fullmatch(".*".join(parts), id, re.DOTALL) is not None
