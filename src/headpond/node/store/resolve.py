"""Which indices an expression means: names, aliases, comma lists, wildcards and exclusions."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from headpond.node.store.index import Index
from headpond.node.store.names import not_found

Found = dict[str, list[dict[str, Any]] | None]
"""Index names with the filters of the aliases that led to them; None when the whole index is meant."""


def resolve(
    expression: str | None,
    indices: Mapping[str, Index],
    *,
    ignore_unavailable: bool = False,
    allow_no_indices: bool = True,
    aliases: bool = True,
) -> list[Index]:
    """The indices of an expression, each once, in the order in which they are named.

    Args:
        expression: comma list; None, "", `*` and `_all` mean all indices.
        indices: all there are, by name.
        ignore_unavailable: names that do not exist are skipped.
        allow_no_indices: an expression with wildcards may match nothing.
        aliases: whether wildcards match aliases too.

    Raises:
        RestError: 404, a name does not exist, or nothing matches where something must.
    """
    parts = [part for part in (expression or "").split(",") if part]
    if not parts or parts == ["_all"]:
        parts = ["*"]
    found: Found = {}
    wildcard = False
    for part in parts:
        if part.startswith("-") and wildcard:
            for name in [name for name in found if fnmatchcase(name, part[1:])]:
                del found[name]
        elif "*" in part:
            wildcard = True
            matched = _matching(part, indices, found, aliases)
            if not matched and not allow_no_indices:
                raise not_found(part)
        elif not _named(part, indices, found) and not ignore_unavailable:
            raise not_found(part)
    if not found and not allow_no_indices:
        raise not_found(expression or "_all")
    return [
        indices[name] if filters is None else indices[name].filtered(tuple(filters)) for name, filters in found.items()
    ]


def _matching(pattern: str, indices: Mapping[str, Index], found: Found, aliases: bool) -> bool:
    matched = False
    for name, index in indices.items():
        hidden = index.metadata.settings.get("index.hidden") == "true" and not pattern.startswith(".")
        if fnmatchcase(name, pattern) and not hidden:
            found[name] = None
            matched = True
        elif aliases and not hidden:
            for alias, options in index.metadata.aliases.items():
                if fnmatchcase(alias, pattern):
                    _add(found, name, options)
                    matched = True
    return matched


def _named(name: str, indices: Mapping[str, Index], found: Found) -> bool:
    if name in indices:
        found[name] = None
        return True
    matched = False
    for index in indices.values():
        options = index.metadata.aliases.get(name)
        if options is not None:
            _add(found, index.name, options)
            matched = True
    return matched


def _add(found: Found, name: str, options: dict[str, Any]) -> None:
    """An index found by an alias: its filter counts only while the index is not meant as a whole."""
    if "filter" not in options:
        found[name] = None
        return
    filters = found.setdefault(name, [])
    if filters is not None:
        filters.append(options["filter"])
