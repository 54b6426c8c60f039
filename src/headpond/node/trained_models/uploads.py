"""The models of a node: configurations in SQLite, definitions in files beside it."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from headpond.errors import RestError
from headpond.inference.invalid import status_exception
from headpond.models.blobs import sha256_of
from headpond.models.vocabulary import Vocabulary
from headpond.node.store.database import Database
from headpond.node.trained_models.definition import DefinitionFiles
from headpond.node.trained_models.trained_model import TrainedModel

BAD_PARTS = "Unable to deploy model, please delete and recreate the model definition"

TABLES = (
    "CREATE TABLE IF NOT EXISTS trained_models (model_id TEXT PRIMARY KEY, config TEXT NOT NULL, sha256 TEXT) STRICT",
    "CREATE TABLE IF NOT EXISTS trained_model_parts"
    " (key TEXT NOT NULL, part INTEGER NOT NULL, bytes INTEGER NOT NULL, total_bytes INTEGER NOT NULL,"
    " last INTEGER NOT NULL, PRIMARY KEY (key, part)) STRICT",
    "CREATE TABLE IF NOT EXISTS trained_model_vocabularies (key TEXT PRIMARY KEY, vocabulary TEXT NOT NULL) STRICT",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a definition.

    Attributes:
        number: from 0.
        bytes: its length.
        total_bytes: the length of the whole, as this part's request said.
        last: whether that request said that it is the last one.
    """

    number: int
    bytes: int
    total_bytes: int
    last: bool


class Uploads:
    """What was uploaded, whole or not; everything acknowledged survives a restart.

    Args:
        database: the node's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.RLock()
        database.migrate(*TABLES)
        self._files = DefinitionFiles(database.path)
        self._models: dict[str, tuple[TrainedModel, str | None]] = {}
        with database.reading() as connection:
            for config, sha256 in connection.execute("SELECT config, sha256 FROM trained_models"):
                model = TrainedModel.from_stored(orjson.loads(config))
                self._models[model.model_id] = (model, sha256)
        self._files.sweep({model.key for model, _ in self._models.values()})

    def all(self) -> list[TrainedModel]:
        """All models by id."""
        return [self._models[name][0] for name in sorted(self._models)]

    def find(self, model_id: str) -> TrainedModel | None:
        """A model, if there is one."""
        entry = self._models.get(model_id)
        return entry[0] if entry else None

    def get(self, model_id: str) -> TrainedModel:
        """A model.

        Raises:
            RestError: 404, there is none.
        """
        model = self.find(model_id)
        if model is None:
            raise not_found(model_id)
        return model

    def add(self, model: TrainedModel) -> None:
        """Keeps a new model.

        Raises:
            RestError: 400 `resource_already_exists_exception`.
        """
        with self._lock:
            if model.model_id in self._models:
                raise _exists(f"Trained machine learning model [{model.model_id}] already exists")
            with self._database.transaction() as connection:
                _write(connection, model, None)
            self._models[model.model_id] = (model, None)

    def remove(self, model_id: str) -> None:
        """Forgets a model and everything of it.

        Raises:
            RestError: 404, there is none.
        """
        with self._lock:
            key = self.get(model_id).key
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM trained_models WHERE model_id = ?", (model_id,))
                connection.execute("DELETE FROM trained_model_parts WHERE key = ?", (key,))
                connection.execute("DELETE FROM trained_model_vocabularies WHERE key = ?", (key,))
            del self._models[model_id]
            self._files.remove(key)

    def add_part(self, model_id: str, part: Part, content: bytes) -> None:
        """Keeps one part; the one that completes the definition makes it a file.

        Raises:
            RestError: 404, there is no such model; 400, the part is there already or there is more than was said.
        """
        with self._lock:
            model = self.get(model_id)
            parts = self.parts(model_id)
            if self.defined(model_id) or any(part.number == known.number for known in parts):
                raise _exists(f"Trained machine learning model chunked doc [{model_id}][{part.number}] already exists")
            length = sum(known.bytes for known in parts) + part.bytes
            if length > part.total_bytes:
                reason = f"[{model_id}] the model definition parts hold [{length}] bytes, more than"
                raise status_exception(400, f"{reason} [total_definition_length] [{part.total_bytes}]. {BAD_PARTS}")
            self._files.write_part(model.key, part.number, content)
            row = (model.key, part.number, part.bytes, part.total_bytes, int(part.last))
            model = replace(model, model_size_bytes=model.model_size_bytes or part.total_bytes)
            with self._database.transaction() as connection:
                connection.execute("INSERT INTO trained_model_parts VALUES (?, ?, ?, ?, ?)", row)
                _write(connection, model, None)
            self._models[model_id] = (model, None)
            if _problem(model_id, self.parts(model_id)) is None:
                self._complete(model)

    def parts(self, model_id: str) -> list[Part]:
        """The parts that are there, in order; none once the definition is whole."""
        query = "SELECT part, bytes, total_bytes, last FROM trained_model_parts WHERE key = ? ORDER BY part"
        with self._database.reading() as connection:
            rows = connection.execute(query, (self.get(model_id).key,)).fetchall()
        return [Part(number, length, total, bool(last)) for number, length, total, last in rows]

    def defined(self, model_id: str) -> bool:
        """Whether the definition is whole."""
        return self._models[model_id][1] is not None

    def check_defined(self, model_id: str) -> None:
        """Refuses a model whose definition is not whole, in Elasticsearch's words.

        Raises:
            RestError: 404, no part is there; 400, some are missing or contradict each other.
        """
        with self._lock:
            if self.defined(model_id):
                return
            problem = _problem(model_id, self.parts(model_id))
            if problem is not None:
                raise problem
            self._complete(self.get(model_id))  # the process ended between the last part and this

    def definition(self, model_id: str) -> Path:
        """The file of a whole definition, after its hash was compared with the one that was kept.

        Raises:
            RestError: as `check_defined`; 500, the file is not what was uploaded.
        """
        self.check_defined(model_id)
        model, expected = self._models[model_id]
        path = self._files.path(model.key)
        try:
            actual = sha256_of(path)
        except OSError as error:
            raise _damaged(model_id, f"its file cannot be read: {error.strerror}") from error
        if actual != expected:
            raise _damaged(model_id, f"its file has SHA-256 {actual}, uploaded was {expected}")
        return path

    def fingerprint(self, model_id: str) -> str | None:
        """16 hex digits that change with the definition; None while it is not whole."""
        sha256 = self._models[model_id][1]
        return sha256[:16] if sha256 else None

    def add_vocabulary(self, model_id: str, vocabulary: Vocabulary) -> None:
        """Keeps a model's vocabulary.

        Raises:
            RestError: 404, there is no such model; 400, it has one already.
        """
        values = {"tokens": vocabulary.tokens, "merges": vocabulary.merges, "scores": vocabulary.scores}
        with self._lock:
            key = self.get(model_id).key
            if self._vocabulary(key) is not None:
                raise _exists(f"Trained machine learning model [{model_id}] vocabulary already exists")
            with self._database.transaction() as connection:
                row = (key, orjson.dumps(values).decode())
                connection.execute("INSERT INTO trained_model_vocabularies VALUES (?, ?)", row)

    def vocabulary(self, model_id: str) -> Vocabulary:
        """A model's vocabulary.

        Raises:
            RestError: 404, it was not uploaded.
        """
        text = self._vocabulary(self.get(model_id).key)
        if text is None:
            reason = f"Could not find vocabulary document [{model_id}_vocabulary] for trained model [{model_id}]"
            raise RestError(404, "resource_not_found_exception", reason)
        values = orjson.loads(text)
        return Vocabulary(tuple(values["tokens"]), tuple(values["merges"]), tuple(values["scores"]))

    def close(self) -> None:
        """Removes temporary files."""
        self._files.close()

    def _vocabulary(self, key: str) -> str | None:
        with self._database.reading() as connection:
            query = "SELECT vocabulary FROM trained_model_vocabularies WHERE key = ?"
            row = connection.execute(query, (key,)).fetchone()
        return row[0] if row else None

    def _complete(self, model: TrainedModel) -> None:
        numbers = [part.number for part in self.parts(model.model_id)]
        sha256 = self._files.join(model.key, numbers)
        with self._database.transaction() as connection:
            _write(connection, model, sha256)
            connection.execute("DELETE FROM trained_model_parts WHERE key = ?", (model.key,))
        self._models[model.model_id] = (model, sha256)
        self._files.drop_parts(model.key)


def _write(connection: sqlite3.Connection, model: TrainedModel, sha256: str | None) -> None:
    connection.execute(
        "INSERT INTO trained_models VALUES (?, ?, ?)"
        " ON CONFLICT (model_id) DO UPDATE SET config = excluded.config, sha256 = excluded.sha256",
        (model.model_id, orjson.dumps(model.to_stored()).decode(), sha256),
    )


def not_found(model_id: str) -> RestError:
    """The answer for an id that no model has."""
    return RestError(404, "resource_not_found_exception", f"Could not find trained model [{model_id}]")


def _exists(reason: str) -> RestError:
    return RestError(400, "resource_already_exists_exception", reason)


def _damaged(model_id: str, reason: str) -> RestError:
    return status_exception(500, f"Could not deserialize trained model [{model_id}]: {reason}. {BAD_PARTS}")


def _problem(model_id: str, parts: list[Part]) -> RestError | None:
    """What keeps these parts from being a definition."""
    if not parts:
        reason = f"Could not find trained model definition [{model_id}]"
        return RestError(404, "resource_not_found_exception", reason)
    first = parts[0]
    for part in parts:
        if part.total_bytes != first.total_bytes:
            said = f"The value [{part.total_bytes}] in model definition part [{part.number}] does not match the value"
            reason = f"[{model_id}] [total_definition_length] must be the same in all model definition parts. {said}"
            return status_exception(400, f"{reason} [{first.total_bytes}] in part [{first.number}]. {BAD_PARTS}")
    whole = sum(part.bytes for part in parts) == first.total_bytes and parts[-1].last
    if whole and [part.number for part in parts] == list(range(len(parts))):
        return None
    reason = f"Model definition truncated. Unable to deserialize trained model definition [{model_id}]"
    return status_exception(400, reason)
