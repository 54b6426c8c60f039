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
    "adding and removing index blocks": ("/{index}/_block",),
    "async search": ("/_async_search", "/{index}/_async_search"),
    "autoscaling": ("/_autoscaling",),
    "cache clearing": ("/_cache", "/{index}/_cache"),
    "closed indices": ("/{index}/_close", "/{index}/_open"),
    "cluster management": (
        "/_cluster/allocation", "/_cluster/pending_tasks", "/_cluster/reroute", "/_cluster/voting_config_exclusions",
        "/_cluster/settings",
    ),
    "cluster state and statistics": ("/_cluster/state", "/_cluster/stats", "/_cluster"),
    "component templates": ("/_component_template",),
    "connectors": ("/_connector",),
    "cross-cluster features": ("/_ccr", "/_remote", "/_resolve", "/{index}/_ccr"),
    "dangling indices": ("/_dangling",),
    "data streams": ("/_data_stream", "/_lifecycle", "/_streams", "/{index}/_lifecycle"),
    "delete by query": ("/{index}/_delete_by_query", "/_delete_by_query"),
    "downsampling": ("/{index}/_downsample",),
    "EQL": ("/_eql", "/{index}/_eql"),
    "ES|QL": ("/_query",),
    "encryption": ("/_encryption",),
    "enrich policies": ("/_enrich",),
    "explain": ("/{index}/_explain",),
    "features": ("/_features",),
    "field capabilities": ("/_field_caps", "/{index}/_field_caps"),
    "fleet": ("/_fleet", "/{index}/_fleet"),
    "graph": ("/{index}/_graph",),
    "health report": ("/_health_report", "/_info"),
    "index lifecycle management": ("/_ilm", "/{index}/_ilm"),
    "index templates": ("/_index_template", "/_template"),
    "ingest beyond pipelines": (
        "/_ingest/processor", "/_ingest/_simulate", "/_ingest/{index}/_simulate", "/_ingest/geoip",
        "/_ingest/ip_location",
    ),
    "licence changes": ("/_license",),
    "logstash pipelines": ("/_logstash",),
    "machine learning beyond uploaded models": ("/_ml",),
    "migration": ("/_migration", "/{index}/_migration", "/_create_from", "/{index}/_create_from"),
    "monitoring": ("/_monitoring",),
    "node statistics": ("/_nodes", "/_recovery", "/_segments", "/_shard_stores", "/{index}/_recovery",
                        "/{index}/_segments", "/{index}/_shard_stores", "/{index}/_disk_usage",
                        "/{index}/_field_usage_stats"),
    "projects": ("/_project", "/_project_routing"),
    "query rules": ("/_query_rules",),
    "rank evaluation": ("/_rank_eval", "/{index}/_rank_eval"),
    "reindex": ("/_reindex",),
    "reloading search analyzers": ("/{index}/_reload_search_analyzers",),
    "rollover, shrink, split and clone": (
        "/{index}/_rollover", "/{index}/_shrink", "/{index}/_split", "/{index}/_clone",
    ),
    "rollups": ("/_rollup", "/{index}/_rollup", "/{index}/_rollup_search"),
    "scripts": ("/_scripts", "/_render", "/_script_context", "/_script_language"),
    "scroll": ("/_search/scroll",),
    "search applications": ("/_application",),
    "search shards": ("/_search_shards", "/{index}/_search_shards"),
    "search templates": (
        "/_search/template", "/{index}/_search/template", "/_msearch/template", "/{index}/_msearch/template",
    ),
    "security": ("/_security", "/_ssl"),
    "snapshots": ("/_snapshot", "/_slm", "/_searchable_snapshots", "/{index}/_searchable_snapshots"),
    "SQL": ("/_sql",),
    "synonyms": ("/_synonyms",),
    "tables of this kind": tuple(
        f"/_cat/{table}"
        for table in (
            "allocation", "circuit_breaker", "component_templates", "fielddata", "master", "ml", "nodeattrs", "nodes",
            "pending_tasks", "plugins", "recovery", "repositories", "segments", "shards", "snapshots", "tasks",
            "templates", "thread_pool", "transforms",
        )
    ),
    "tasks": ("/_tasks",),
    "term vectors": ("/_mtermvectors", "/{index}/_mtermvectors", "/{index}/_termvectors"),
    "terms enum": ("/{index}/_terms_enum",),
    "text structure": ("/_text_structure",),
    "transforms": ("/_transform",),
    "unfreezing": ("/{index}/_unfreeze",),
    "update by query": ("/{index}/_update_by_query", "/_update_by_query"),
    "usage": ("/_xpack",),
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


for _feature, _paths in FEATURES.items():
    for _path in _paths:
        route(*METHODS, f"{_path}/**", params=None)(_refuse(_feature))
