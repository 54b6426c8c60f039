"""The Elasticsearch action behind each route, which decides who may use it.

A route in a file of its own names its action itself (`@route(..., action=...)`); the routes that were there before
there was security are listed here.
"""

from __future__ import annotations

ANYBODY = "anybody"
"""For routes that everybody may use who is somebody."""

UNLISTED = "cluster:admin/headpond/unlisted"
"""For a route that nobody gave an action: only the privileges `manage` and `all` grant it. A test finds such routes."""

_GET_ALIASES, _CHANGE_ALIASES = "indices:admin/aliases/get", "indices:admin/aliases"
_INFER = "cluster:monitor/xpack/inference/post"
_SEARCH = "indices:data/read/search"
_CAT_INDICES = "indices:monitor/settings/get"

ACTIONS: dict[str, str | dict[str, str]] = {
    "": "cluster:monitor/main",
    "{index}": {
        "GET": "indices:admin/get", "HEAD": "indices:admin/get", "PUT": "indices:admin/create",
        "DELETE": "indices:admin/delete",
    },
    "_alias": {"GET": _GET_ALIASES, "HEAD": _GET_ALIASES, "*": _CHANGE_ALIASES},
    "_aliases": {"GET": _GET_ALIASES, "HEAD": _GET_ALIASES, "*": _CHANGE_ALIASES},
    "_analyze": "indices:admin/analyze",
    "_bulk": "indices:data/write/bulk",
    "_cat": ANYBODY,
    "_cat/aliases": _GET_ALIASES,
    "_cat/count": _SEARCH,
    "_cat/health": "cluster:monitor/health",
    "_cat/indices": _CAT_INDICES,
    "_cluster/health": "cluster:monitor/health",
    "_cluster/settings": {"GET": "cluster:monitor/settings", "*": "cluster:admin/settings/update"},
    "_count": _SEARCH,
    "_create": "indices:data/write/index",
    "_doc": {
        "GET": "indices:data/read/get", "HEAD": "indices:data/read/get", "DELETE": "indices:data/write/delete",
        "*": "indices:data/write/index",
    },
    "_flush": "indices:admin/flush",
    "_forcemerge": "indices:admin/forcemerge",
    "_inference": {
        "GET": "cluster:monitor/xpack/inference/get", "PUT": "cluster:admin/xpack/inference/put", "POST": _INFER,
        "DELETE": "cluster:admin/xpack/inference/delete",
    },
    "_inference/_region_policy": {
        "GET": "cluster:monitor/xpack/inference/region_policy/get",
        "*": "cluster:admin/xpack/inference/region_policy/put",
    },
    "_inference/_services": "cluster:monitor/xpack/inference/services/get",
    "_inference/_stream": _INFER,
    "_inference/_update": "cluster:admin/xpack/inference/update",
    "_license": {"GET": "cluster:monitor/xpack/license/get", "*": "cluster:admin/xpack/license/put"},
    "_mapping": {"GET": "indices:admin/mappings/get", "*": "indices:admin/mapping/put"},
    "_mapping/field": "indices:admin/mappings/fields/get",
    "_mget": "indices:data/read/mget",
    "_msearch": "indices:data/read/msearch",
    "_nodes": "cluster:monitor/nodes/info",
    "_nodes/http": "cluster:monitor/nodes/info",
    "_nodes/stats": "cluster:monitor/nodes/stats",
    "_refresh": "indices:admin/refresh",
    "_search": _SEARCH,
    "_settings": {"GET": _CAT_INDICES, "*": "indices:admin/settings/update"},
    "_source": "indices:data/read/get",
    "_stats": "indices:monitor/stats",
    "_update": "indices:data/write/update",
}  # fmt: skip
"""Actions by the literal segments of a path, and by method where it matters."""


def action_of(method: str, path: str) -> str:
    """The action of a route that names none itself.

    Args:
        method: upper case.
        path: with placeholders, as in `/{index}/_doc/{id}`.
    """
    if path.endswith("/**"):
        return ANYBODY  # these refuse everything with 501
    segments = [segment for segment in path.strip("/").split("/") if segment]
    literal = [segment for segment in segments if not segment.startswith("{")]
    entry = ACTIONS.get("/".join(literal or segments[:1]))
    if entry is None and literal[:1] == ["_inference"]:
        entry = ACTIONS["_inference"]
    if entry is None:
        return UNLISTED
    return entry if isinstance(entry, str) else entry.get(method, entry.get("*", UNLISTED))
