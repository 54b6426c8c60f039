"""`_cat`: tables for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from headpond.node.api.cluster import index_status, replica_count, shard_count
from headpond.node.api.indices import chosen
from headpond.node.call import Call
from headpond.node.cat_table import PARAMS, Row, TableColumn, render
from headpond.node.http import Response
from headpond.node.identity import CLUSTER_NAME
from headpond.node.router import route
from headpond.node.store.index import Index

if TYPE_CHECKING:
    from headpond.node.node import Node

Table = Response | list[dict[str, Any]]

INDICES = (
    TableColumn("health", ("h",), "current health status"),
    TableColumn("status", ("s",), "open/close status"),
    TableColumn("index", ("i", "idx"), "index name"),
    TableColumn("uuid", ("id",), "index uuid"),
    TableColumn("pri", ("p", "shards.primary", "shardsPrimary"), "number of primary shards", right=True),
    TableColumn("rep", ("r", "shards.replica", "shardsReplica"), "number of replica shards", right=True),
    TableColumn("docs.count", ("dc", "docsCount"), "available docs", right=True),
    TableColumn("docs.deleted", ("dd", "docsDeleted"), "deleted docs", right=True),
    TableColumn("creation.date", ("cd",), "index creation date (millisecond value)", right=True, shown=False),
    TableColumn("store.size", ("ss", "storeSize"), "store size of primaries & replicas", right=True),
    TableColumn("pri.store.size", (), "store size of primaries", right=True),
    TableColumn("dataset.size", (), "total size of dataset", right=True),
)
HEALTH = (
    TableColumn("epoch", ("t", "time"), "seconds since 1970-01-01 00:00:00", right=True),
    TableColumn("timestamp", ("ts", "hms", "hhmmss"), "time in HH:MM:SS"),
    TableColumn("cluster", ("cl",), "cluster name"),
    TableColumn("status", ("st",), "health status"),
    TableColumn("node.total", ("nt", "nodeTotal"), "total number of nodes", right=True),
    TableColumn("node.data", ("nd", "nodeData"), "number of nodes that can store data", right=True),
    TableColumn("shards", ("t", "sh", "shards.total"), "total number of shards", right=True),
    TableColumn("pri", ("p", "shards.primary"), "number of primary shards", right=True),
    TableColumn("unassign", ("u", "shards.unassigned"), "number of unassigned shards", right=True),
)
COUNT = (
    TableColumn("epoch", ("t", "time"), "seconds since 1970-01-01 00:00:00"),
    TableColumn("timestamp", ("ts", "hms", "hhmmss"), "time in HH:MM:SS"),
    TableColumn("count", ("dc", "docs.count", "docsCount"), "the document count"),
)
ALIASES = (
    TableColumn("alias", ("a",), "alias name"),
    TableColumn("index", ("i", "idx"), "index alias points to"),
    TableColumn("filter", ("f", "fi"), "filter"),
    TableColumn("routing.index", ("ri", "routingIndex"), "index routing"),
    TableColumn("routing.search", ("rs", "routingSearch"), "search routing"),
    TableColumn("is_write_index", ("w", "isWriteIndex"), "write index"),
)


@route("GET", "/_cat", params=PARAMS, body=False)
def tables(node: Node, call: Call) -> Table:
    """The tables there are."""
    listed = ("aliases", "aliases/{name}", "count", "count/{index}", "health", "indices", "indices/{index}")
    text = "=^.^=\n" + "".join(f"/_cat/{name}\n" for name in listed)
    return Response(200, {"content-type": "text/plain; charset=UTF-8"}, text.encode())


@route("GET", "/_cat/indices", params=(*PARAMS, "health", "include_unloaded_segments", "pri"), body=False)
@route("GET", "/_cat/indices/{index}", params=(*PARAMS, "health", "include_unloaded_segments", "pri"), body=False)
def indices(node: Node, call: Call) -> Table:
    """All indices."""
    wanted = call.text("health")
    rows = [_index_row(index, call.text("bytes")) for index in chosen(node, call)]
    return render(call, INDICES, [row for row in rows if wanted is None or row["health"] == wanted])


def _index_row(index: Index, unit: str | None) -> Row:
    size = _size(index.size(), unit)
    return {
        "health": index_status(index),
        "status": "open",
        "index": index.name,
        "uuid": index.uuid,
        "pri": str(shard_count(index)),
        "rep": str(replica_count(index)),
        "docs.count": str(index.count(nested=True)),
        "docs.deleted": str(index.deleted_count()),
        "creation.date": str(index.metadata.created),
        "store.size": size,
        "pri.store.size": size,
        "dataset.size": size,
    }


_UNITS = (("tb", 1 << 40), ("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10), ("b", 1))


def _size(bytes_: int, unit: str | None) -> str:
    """A size in the given unit, whole; or in the largest that fits, with one decimal."""
    for name, factor in _UNITS:
        if unit == name:
            return str(bytes_ // factor)
        if unit is None and (bytes_ >= factor or name == "b"):
            amount = int(bytes_ * 10 / factor) / 10
            return f"{amount:g}{name}"
    return str(bytes_)


@route("GET", "/_cat/health", params=(*PARAMS, "ts"), body=False)
def health(node: Node, call: Call) -> Table:
    """The cluster in one line."""
    found = list(node.indices)
    shards = sum(shard_count(index) for index in found)
    replicas = sum(shard_count(index) * replica_count(index) for index in found)
    row: Row = {
        **_clock(),
        "cluster": CLUSTER_NAME,
        "status": "yellow" if replicas else "green",
        "node.total": "1",
        "node.data": "1",
        "shards": str(shards),
        "pri": str(shards),
        "unassign": str(replicas),
    }
    return render(call, HEALTH, [row])


@route("GET", "POST", "/_cat/count", params=PARAMS, body=False)
@route("GET", "POST", "/_cat/count/{index}", params=PARAMS, body=False)
def count(node: Node, call: Call) -> Table:
    """How many documents there are."""
    for index in (found := chosen(node, call)):
        index.reader()
    return render(call, COUNT, [{**_clock(), "count": str(sum(index.count() for index in found))}])


def _clock() -> Row:
    now = int(time.time())
    return {"epoch": str(now), "timestamp": time.strftime("%H:%M:%S", time.gmtime(now))}


@route("GET", "/_cat/aliases", params=PARAMS, body=False)
@route("GET", "/_cat/aliases/{name}", params=PARAMS, body=False)
def aliases(node: Node, call: Call) -> Table:
    """All aliases."""
    wanted = call.parts.get("name")
    rows: list[Row] = []
    for index in node.indices:
        for alias, options in index.metadata.aliases.items():
            if wanted is not None and alias not in wanted.split(","):
                continue
            if not call.may("indices:admin/aliases/get", alias):
                continue
            writes = options.get("is_write_index")
            rows.append(
                {
                    "alias": alias,
                    "index": index.name,
                    "filter": "*" if "filter" in options else "-",
                    "routing.index": options.get("index_routing", "-"),
                    "routing.search": options.get("search_routing", "-"),
                    "is_write_index": "-" if writes is None else str(writes).lower(),
                }
            )
    return render(call, ALIASES, rows)
