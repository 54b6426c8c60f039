"""Endpoints that Elasticsearch has and headpond does not have yet: each answers 501 with the feature's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headpond.errors import RestError
from headpond.node.call import Call
from headpond.node.http import Response
from headpond.node.router import Handler, route

if TYPE_CHECKING:
    from headpond.node.node import Node

METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")

FEATURES: dict[str, tuple[str, ...]] = {
    "async search": ("/_async_search", "/{index}/_async_search"),
    "closed indices": ("/{index}/_close", "/{index}/_open"),
    "component templates": ("/_component_template",),
    "cross-cluster features": ("/_ccr", "/_remote"),
    "data streams": ("/_data_stream",),
    "delete by query": ("/{index}/_delete_by_query",),
    "enrich policies": ("/_enrich",),
    "EQL": ("/{index}/_eql",),
    "ES|QL": ("/_query",),
    "explain": ("/{index}/_explain",),
    "field capabilities": ("/_field_caps", "/{index}/_field_caps"),
    "graph": ("/{index}/_graph",),
    "index lifecycle management": ("/_ilm", "/{index}/_ilm"),
    "index templates": ("/_index_template", "/_template"),
    "ingest pipelines inside the node": ("/_ingest",),
    "machine learning": ("/_ml",),
    "point in time": ("/_pit", "/{index}/_pit"),
    "rank evaluation": ("/_rank_eval", "/{index}/_rank_eval"),
    "reindex": ("/_reindex",),
    "resolve index": ("/_resolve",),
    "rollover, shrink, split and clone": (
        "/{index}/_rollover", "/{index}/_shrink", "/{index}/_split", "/{index}/_clone",
    ),
    "scripts": ("/_scripts", "/_render"),
    "scroll": ("/_search/scroll",),
    "search applications": ("/_application",),
    "search shards": ("/_search_shards", "/{index}/_search_shards"),
    "search templates": ("/_search/template", "/{index}/_search/template", "/_msearch/template"),
    "security": ("/_security",),
    "snapshots": ("/_snapshot", "/_slm"),
    "SQL": ("/_sql",),
    "synonyms": ("/_synonyms",),
    "tasks": ("/_tasks",),
    "term vectors": ("/_mtermvectors", "/{index}/_mtermvectors", "/{index}/_termvectors"),
    "terms enum": ("/{index}/_terms_enum",),
    "transforms": ("/_transform",),
    "update by query": ("/{index}/_update_by_query",),
    "validate query": ("/_validate", "/{index}/_validate"),
    "vector tiles": ("/{index}/_mvt",),
    "watcher": ("/_watcher",),
}  # fmt: skip
"""Paths by feature; everything below a path belongs to it."""


def _refuse(feature: str) -> Handler:
    def handler(node: Node, call: Call) -> Response:
        reason = f"{feature} [{call.request.method} {call.request.path}] is not supported by headpond"
        raise RestError(501, "not_implemented_exception", reason)

    return handler


BELOW = ("", "/{a}", "/{a}/{b}", "/{a}/{b}/{c}")

for _feature, _paths in FEATURES.items():
    for _path in _paths:
        for _below in BELOW:
            route(*METHODS, _path + _below, params=None)(_refuse(_feature))
