"""`_cluster` and `_nodes`: one node that is always there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.identity import CLUSTER_NAME, NODE_ID, NODE_NAME, VERSION
from headpond.node.router import route
from headpond.node.store.index import Index
from headpond.node.times import check_times

if TYPE_CHECKING:
    from headpond.node.node import Node

STATUSES = ("green", "yellow", "red")
HEALTH_PARAMS = (
    "expand_wildcards", "level", "local", "master_timeout", "timeout", "wait_for_active_shards", "wait_for_events",
    "wait_for_no_initializing_shards", "wait_for_no_relocating_shards", "wait_for_nodes", "wait_for_status",
)  # fmt: skip


@route("GET", "/_cluster/health", params=HEALTH_PARAMS, body=False)
@route("GET", "/_cluster/health/{index}", params=HEALTH_PARAMS, body=False)
def health(node: Node, call: Call) -> dict[str, Any] | Response:
    """Yellow while an index asks for replicas, for which one node has no place; red when a named one does not exist."""
    check_times(call, "timeout", "master_timeout")
    name = call.parts.get("index")
    indices = list(node.indices) if name is None else node.indices.resolve(name, ignore_unavailable=True)
    found = name is None or bool(indices) or "*" in name or name == "_all"
    shards = sum(shard_count(index) for index in indices)
    replicas = sum(shard_count(index) * replica_count(index) for index in indices)
    status = "red" if not found else "yellow" if replicas else "green"
    wanted = call.text("wait_for_status")
    if wanted is not None and wanted not in STATUSES:
        reason = f"No enum constant org.elasticsearch.cluster.health.ClusterHealthStatus.{wanted.upper()}"
        raise illegal_argument(reason)
    # Nothing that one waits for can change here, so the answer of a wait in vain comes at once.
    timed_out = not found or (wanted is not None and STATUSES.index(status) > STATUSES.index(wanted))
    answer: dict[str, Any] = {
        "cluster_name": CLUSTER_NAME,
        "status": status,
        "timed_out": timed_out,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": shards,
        "active_shards": shards,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": replicas,
        "unassigned_primary_shards": 0,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0 * shards / (shards + replicas) if shards else 100.0,
    }
    level = call.text("level", "cluster")
    if level not in ("cluster", "indices", "shards"):
        raise illegal_argument(f"level parameter must be one of [cluster] or [indices] or [shards] but was [{level}]")
    if level != "cluster":
        answer["indices"] = {index.name: _index_health(index) for index in indices}
    return node.respond(408, answer, call.request) if timed_out else answer


def _index_health(index: Index) -> dict[str, Any]:
    shards, replicas = shard_count(index), replica_count(index)
    return {
        "status": index_status(index),
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        "active_primary_shards": shards,
        "active_shards": shards,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": shards * replicas,
        "unassigned_primary_shards": 0,
    }


def shard_count(index: Index) -> int:
    """`index.number_of_shards`; the documents are in one place all the same."""
    return int(index.metadata.settings.get("index.number_of_shards", "1"))


def replica_count(index: Index) -> int:
    """`index.number_of_replicas`, of which none has a place."""
    return index.metadata.replicas


def index_status(index: Index) -> str:
    """Green without replicas, yellow with."""
    return "yellow" if replica_count(index) else "green"


def shards_of(indices: list[Index]) -> dict[str, int]:
    """The `_shards` of an operation on whole indices."""
    shards = sum(shard_count(index) for index in indices)
    copies = sum(shard_count(index) * (1 + replica_count(index)) for index in indices)
    return {"total": copies, "successful": shards, "failed": 0}


@route(
    "GET", "/_cluster/settings", params=("flat_settings", "include_defaults", "master_timeout", "timeout"), body=False
)
def get_settings(node: Node, call: Call) -> dict[str, Any]:
    """There are none."""
    return {"persistent": {}, "transient": {}}


@route("GET", "/_nodes", params=("flat_settings", "timeout"), body=False)
@route("GET", "/_nodes/http", params=("flat_settings", "timeout"), body=False)
def nodes_info(node: Node, call: Call) -> dict[str, Any]:
    """The node's version, as clients look for it."""
    return _nodes({"version": VERSION, "build_flavor": "headpond", "build_type": "embedded", "build_hash": "0" * 40})


@route("GET", "/_nodes/stats", params=("level", "timeout", "types"), body=False)
def nodes_stats(node: Node, call: Call) -> dict[str, Any]:
    """How many documents the node has."""
    indices = list(node.indices)
    docs = {
        "count": sum(index.count() for index in indices),
        "deleted": sum(index.deleted_count() for index in indices),
    }
    return _nodes({"indices": {"docs": docs}})


def _nodes(described: dict[str, Any]) -> dict[str, Any]:
    return {
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": CLUSTER_NAME,
        "nodes": {NODE_ID: {"name": NODE_NAME, "roles": ["data", "ingest", "master"], **described}},
    }
