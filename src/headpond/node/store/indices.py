"""All indices of a node."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.mapping.limits import read_limits
from headpond.node.mapping.mapping import Mapping as FieldMapping
from headpond.node.store.alias import Aliases
from headpond.node.store.database import Database
from headpond.node.store.index import Index
from headpond.node.store.metadata import Metadata, make_analysis, new_uuid, now_millis
from headpond.node.store.names import check_index_name, invalid_name, not_found
from headpond.node.store.resolve import resolve
from headpond.node.store.settings import Settings, read_settings
from headpond.node.store.tables import TABLES


class Indices:
    """All indices of a node, by name.

    Args:
        database: the node's.

    Attributes:
        aliases: what aliases there are and how they change.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate(*TABLES)
        with database.transaction() as connection:
            connection.execute("DELETE FROM sources WHERE key IN (SELECT key FROM superseded)")
            connection.execute("DELETE FROM superseded")
        self._indices: dict[str, Index] = {}
        self._load()
        self.aliases = Aliases(database, self._indices)

    def _load(self) -> None:
        connection = self._database.connection
        rows = connection.execute("SELECT number, name, uuid, created, settings, mapping FROM indices").fetchall()
        for number, name, uuid, created, settings_text, mapping_text in rows:
            settings: Settings = orjson.loads(settings_text)
            analysis = make_analysis(settings)
            mapping = FieldMapping(orjson.loads(mapping_text), analysis, read_limits(settings))
            metadata = Metadata(number, name, uuid, created, settings, mapping, analysis)
            found = connection.execute("SELECT name, options FROM aliases WHERE number = ?", (number,))
            metadata.aliases = {alias: orjson.loads(options) for alias, options in found}
            self._indices[name] = Index.open(self._database, metadata)

    def __iter__(self) -> Iterator[Index]:
        return iter(list(self._indices.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._indices

    def resolve(
        self, expression: str | None, *, ignore_unavailable: bool = False, allow_no_indices: bool = True
    ) -> list[Index]:
        """The indices of an expression: names, aliases, comma lists, wildcards, `_all`; None means all.

        Raises:
            RestError: 404 `index_not_found_exception`.
        """
        return resolve(
            expression,
            self._indices,
            ignore_unavailable=ignore_unavailable,
            allow_no_indices=allow_no_indices,
        )

    def one(self, name: str) -> Index:
        """The one index of a name or alias that a read of a single document goes to.

        Raises:
            RestError: 404, there is none; 400, the alias has several.
        """
        if name in self._indices:
            return self._indices[name]
        found = self.aliases.indices_of(name)
        if not found:
            raise not_found(name)
        if len(found) > 1:
            listed = ", ".join(sorted(index.name for index in found))
            raise illegal_argument(
                f"alias [{name}] has more than one index associated with it [{listed}], can't execute a single index op"
            )
        return found[0]

    def to_write(self, name: str, *, require_alias: bool = False) -> Index:
        """The index that a write to a name or alias goes to; made when it is missing.

        Raises:
            RestError: 400, the name is not valid, or the alias has no write index; 404, an alias is required.
        """
        if name in self._indices and not require_alias:
            return self._indices[name]
        if self.aliases.indices_of(name):
            return self.aliases.write_index(name)
        if require_alias:
            raise RestError(
                404,
                "index_not_found_exception",
                f"no such index [{name}] and [require_alias] request flag is [true] and [{name}] is not an alias",
                extra={"index_uuid": "_na_", "index": name},
            )
        return self.create(name)

    @staticmethod
    def missing(name: str) -> RestError:
        """The 404 for a name that no index and no alias has."""
        return not_found(name)

    def create(
        self,
        name: str,
        *,
        settings: Mapping[str, Any] | None = None,
        mappings: Mapping[str, Any] | None = None,
        aliases: Mapping[str, Any] | None = None,
    ) -> Index:
        """Makes an index.

        Raises:
            RestError: 400, the name, a setting, the mapping or an alias is not valid, or the index exists.
        """
        check_index_name(name)
        if name in self._indices:
            raise _exists(self._indices[name])
        if self.aliases.indices_of(name):
            raise invalid_name(name, "already exists as alias")
        if aliases and name in aliases:
            raise illegal_argument(f"alias name [{name}] self-conflicts with index name")
        chosen = {key: value for key, value in read_settings(settings or {}).items() if value is not None}
        analysis = make_analysis(chosen)
        mapping = FieldMapping(mappings or {}, analysis, read_limits(chosen))
        metadata = Metadata(0, name, new_uuid(), now_millis(), chosen, mapping, analysis)
        with self._database.transaction() as connection:
            if name in self._indices:
                raise _exists(self._indices[name])
            inserted = connection.execute(
                "INSERT INTO indices (name, uuid, created, settings, mapping) VALUES (?, ?, ?, ?, ?)",
                (
                    name,
                    metadata.uuid,
                    metadata.created,
                    orjson.dumps(chosen).decode(),
                    orjson.dumps(mapping.body).decode(),
                ),
            )
            metadata.number = inserted.lastrowid or 0
            self._indices[name] = index = Index.open(self._database, metadata)
            try:
                for alias, body in (aliases or {}).items():
                    self.aliases.add(index, alias, body or {})
            except BaseException:
                del self._indices[name]
                raise
        return index

    def delete(self, index: Index) -> None:
        """Deletes an index with all its documents and aliases."""
        with self._database.lock:
            with self._database.transaction() as connection:
                index.writer.remove()
                connection.execute("DELETE FROM aliases WHERE number = ?", (index.number,))
                connection.execute("DELETE FROM indices WHERE number = ?", (index.number,))
            self._indices.pop(index.name, None)
            index.writer.forget()

    def put_mapping(self, index: Index, body: Mapping[str, Any]) -> None:
        """Merges fields into an index's mapping.

        Raises:
            RestError: 400, the body is not valid or changes what cannot change.
        """
        with self.writing() as touched:
            touched.append(index)
            merged = index.mapping.merged(body)
            if merged is not index.mapping:
                index.writer.put_mapping(merged)

    def put_settings(self, index: Index, settings: Settings) -> None:
        """Replaces settings of an index; None takes one back to its default."""
        known = index.metadata.settings
        merged = {key: value for key, value in {**known, **settings}.items() if value is not None}
        with self._database.transaction() as connection:
            text = orjson.dumps(merged).decode()
            connection.execute("UPDATE indices SET settings = ? WHERE number = ?", (text, index.number))
        index.metadata.settings = merged

    @contextlib.contextmanager
    def writing(self) -> Iterator[list[Index]]:
        """A block whose writes are kept together, or not at all; append each index that is written to the list.

        Raises:
            RestError: 507, the disk is full; nothing was written.
        """
        touched: list[Index] = []
        with self._database.lock:
            try:
                with self._database.transaction():
                    yield touched
            except BaseException:
                for index in touched:
                    index.writer.rolled_back()
                raise
            for index in touched:
                index.writer.committed()

    def close(self) -> None:
        """Keeps segments of what has been written since the last refresh."""
        for index in self._indices.values():
            index.close()


def _exists(index: Index) -> RestError:
    return RestError(
        400,
        "resource_already_exists_exception",
        f"index [{index.name}/{index.uuid}] already exists",
        extra={"index_uuid": index.uuid, "index": index.name},
    )
