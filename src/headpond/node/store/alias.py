"""Aliases: other names for indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.store.database import Database
from headpond.node.store.index import Index
from headpond.node.store.names import check_alias_name

OPTIONS = frozenset({"filter", "routing", "index_routing", "search_routing", "is_write_index"})


class Aliases:
    """The aliases of a node.

    Args:
        database: the node's.
        indices: all indices by name; the same object that the node's indices live in.
    """

    def __init__(self, database: Database, indices: Mapping[str, Index]) -> None:
        self._database = database
        self._indices = indices

    def indices_of(self, alias: str) -> list[Index]:
        """The indices that have the alias."""
        return [index for index in self._indices.values() if alias in index.metadata.aliases]

    def write_index(self, alias: str) -> Index:
        """The index that writes to an alias go to.

        Raises:
            RestError: 400, there are several indices and none is the one to write to.
        """
        found = self.indices_of(alias)
        chosen = [index for index in found if index.metadata.aliases[alias].get("is_write_index")]
        if not chosen and len(found) == 1 and found[0].metadata.aliases[alias].get("is_write_index") is None:
            chosen = found
        if not chosen:
            raise illegal_argument(
                f"no write index is defined for alias [{alias}]. The write index may be explicitly disabled using "
                "is_write_index=false or the alias points to multiple indices without one being designated "
                "as a write index"
            )
        return chosen[0]

    def add(self, index: Index, alias: str, body: Mapping[str, Any]) -> None:
        """Gives an index an alias, or another body to one it has.

        Raises:
            RestError: 400, the name or an option is not valid, or a second index is to be the write index.
        """
        check_alias_name(alias)
        if alias in self._indices:
            reason = f"Invalid alias name [{alias}]: an index or data stream exists with the same name as the alias"
            raise RestError(400, "invalid_alias_name_exception", reason)
        options = self._read(body)
        if options.get("is_write_index"):
            writers = [
                other.name
                for other in self.indices_of(alias)
                if other.metadata.aliases[alias].get("is_write_index") and other.name != index.name
            ]
            if writers:
                reason = f"alias [{alias}] has more than one write index [{','.join([*writers, index.name])}]"
                raise RestError(500, "illegal_state_exception", reason)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO aliases (name, number, options) VALUES (?, ?, ?) "
                "ON CONFLICT (name, number) DO UPDATE SET options = excluded.options",
                (alias, index.number, orjson.dumps(options).decode()),
            )
            index.metadata.aliases = {**index.metadata.aliases, alias: options}

    @staticmethod
    def _read(body: Mapping[str, Any]) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for name, value in body.items():
            if name not in OPTIONS:
                raise illegal_argument(f"Unsupported field [{name}]")
            if value is None:
                continue
            if name == "routing":
                options.setdefault("index_routing", str(value))
                options.setdefault("search_routing", str(value))
            elif name == "filter" and not isinstance(value, Mapping):
                raise illegal_argument(f"failed to parse filter for alias: expected an object but got [{value}]")
            else:
                options[name] = str(value) if name.endswith("routing") else value
        return options

    def remove(self, index: Index, alias: str) -> None:
        """Takes an alias away from an index."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM aliases WHERE name = ? AND number = ?", (alias, index.number))
            index.metadata.aliases = {
                name: options for name, options in index.metadata.aliases.items() if name != alias
            }


def not_found(aliases: list[str]) -> RestError:
    """A 404 `aliases_not_found_exception`."""
    listed = ",".join(aliases)
    return RestError(
        404,
        "aliases_not_found_exception",
        f"aliases [{listed}] missing",
        extra={"resource.type": "aliases", "resource.id": listed},
    )
