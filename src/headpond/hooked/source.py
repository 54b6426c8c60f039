"""`_source` of a search: processors are shown the fields they read, the caller those that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headpond.errors import RestError
from headpond.node.search.json import Json
from headpond.node.search.source_filter import SourceFilter, read_source

Body = dict[str, Any]


def shown(body: Body, fields: Sequence[str]) -> tuple[Body, SourceFilter | None]:
    """A body whose hits hold these fields.

    Args:
        body: what is asked for; left as it is.
        fields: paths that processors read from `_source`.

    Returns:
        The body to send, and what the caller wants to see of each `_source`; None for all that comes.
    """
    if not fields or "_source" not in body:
        return body, None
    try:
        wanted = read_source(Json(body["_source"], ("_source",)))
    except RestError:
        return body, None  # the target says what is wrong
    if wanted.enabled and not wanted.includes and not wanted.excludes:
        return body, None
    source: Body = {"excludes": [path for path in wanted.excludes if not _hides(path, fields)]}
    if wanted.includes or not wanted.enabled:
        source["includes"] = [*wanted.includes, *fields]
    if wanted.exclude_vectors is not None:
        source["exclude_vectors"] = wanted.exclude_vectors
    return {**body, "_source": source}, wanted


def cut(hits: list[Body], wanted: SourceFilter | None) -> None:
    """Leaves in the hits what the caller asked for; their sources are not changed in place."""
    if wanted is None:
        return
    for place, hit in enumerate(hits):
        if "_source" in hit:
            rest = {key: value for key, value in hit.items() if key != "_source"}
            hits[place] = {**rest, "_source": wanted(hit["_source"])} if wanted.enabled else rest


def _hides(pattern: str, fields: Sequence[str]) -> bool:
    """Whether leaving out what matches the pattern leaves out one of the fields, or a part of it."""
    without = SourceFilter(excludes=(pattern,))
    for field in fields:
        tree: Any = 1
        for name in reversed(field.split(".")):
            tree = {name: tree}
        if without(tree) != tree or pattern.startswith(f"{field}."):
            return True
    return False
