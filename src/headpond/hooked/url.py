"""Query parameters of a `_search`: those that say what a body can say move into the body.

A processor sees one form of a search only, and a search of several legs travels in an `_msearch`, which has no such
parameters. As in Elasticsearch, what the URL says wins over the body. Source: the REST API specification's `search`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

Body = dict[str, Any]

HEADER = frozenset(
    {
        "allow_no_indices",
        "allow_partial_search_results",
        "ccs_minimize_roundtrips",
        "expand_wildcards",
        "ignore_throttled",
        "ignore_unavailable",
        "index",
        "preference",
        "project_routing",
        "request_cache",
        "routing",
        "search_type",
    }
)
"""Parameters of a `_search` that stand in the header line of a search in an `_msearch`."""

SHARED = frozenset(
    {
        "error_trace",
        "human",
        "max_concurrent_shard_requests",
        "pre_filter_shard_size",
        "typed_keys",
    }
)
"""Parameters that `_search` and `_msearch` have in common."""

_QUERY_STRING = {
    "analyze_wildcard": "analyze_wildcard",
    "analyzer": "analyzer",
    "default_operator": "default_operator",
    "df": "default_field",
    "lenient": "lenient",
}

_EMPTY_IS_NOTHING = ("explain", "seq_no_primary_term", "version")
"""Flags that Elasticsearch does not take for set when they have no value; others it does."""


def split(target: str) -> tuple[str, dict[str, str]]:
    """The path of a request and its parameters, decoded."""
    path, _, query = target.partition("?")
    return path, dict(parse_qsl(query, keep_blank_values=True)) if query else {}


def joined(path: str, params: Mapping[str, str]) -> str:
    """The other way round."""
    return f"{path}?{urlencode(params)}" if params else path


def segments(path: str) -> list[str]:
    """The parts of a path, decoded."""
    return [unquote(part) for part in path.split("/") if part]


def into_body(params: Mapping[str, str], body: Body) -> tuple[dict[str, str], Body]:
    """Moves what a body can say into the body.

    Args:
        params: of a `_search`.
        body: of the same; left as it is.

    Returns:
        The parameters that remain, and the body.

    Raises:
        ValueError: a parameter is malformed; the target says it best.
    """
    if not params:
        return {}, body
    rest = dict(params)
    moved: Body = {}
    for name, read in _READERS.items():
        if name in rest and not (name in _EMPTY_IS_NOTHING and not rest[name]):
            moved[name] = read(rest.pop(name))
    _move_source(rest, moved)
    if "q" in rest:
        options: Body = {"query": rest.pop("q")}
        for name, key in _QUERY_STRING.items():
            if name in rest:
                value = rest.pop(name)
                options[key] = _flag(value) if name in ("analyze_wildcard", "lenient") else value
        moved["query"] = {"query_string": options}
    return rest, {**body, **moved} if moved else body


def _move_source(rest: dict[str, str], moved: Body) -> None:
    names = ("_source", "_source_includes", "_source_excludes", "_source_exclude_vectors")
    given = {name: rest.pop(name) for name in names if name in rest}
    if not given:
        return
    shown = given.get("_source")
    if shown in ("true", "false") and len(given) == 1:
        moved["_source"] = shown == "true"
        return
    includes = given.get("_source_includes")
    if includes is None and shown not in (None, "", "true", "false"):
        includes = shown
    source: Body = {}
    if includes is not None:
        source["includes"] = _names(includes)
    if "_source_excludes" in given:
        source["excludes"] = _names(given["_source_excludes"])
    if "_source_exclude_vectors" in given:
        source["exclude_vectors"] = _flag(given["_source_exclude_vectors"])
    moved["_source"] = source if source else True


def _flag(text: str) -> bool:
    if text in ("", "true"):
        return True
    if text == "false":
        return False
    raise ValueError(text)


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _total(text: str) -> bool | int:
    return text != "false" if text in ("", "true", "false") else int(text)


def _sort(text: str) -> list[Any]:
    """`field`, `field:asc`, or several with commas."""
    found: list[Any] = []
    for item in _names(text):
        name, colon, order = item.rpartition(":")
        found.append({name: {"order": order}} if colon else item)
    return found


def _columns(text: str) -> list[Body]:
    return [{"field": name} for name in _names(text)]


_READERS: dict[str, Callable[[str], Any]] = {
    "docvalue_fields": _columns,
    "explain": _flag,
    "from": int,
    "min_score": float,
    "seq_no_primary_term": _flag,
    "size": int,
    "sort": _sort,
    "stats": _names,
    "stored_fields": _names,
    "terminate_after": int,
    "timeout": str,
    "track_scores": _flag,
    "track_total_hits": _total,
    "version": _flag,
}
