"""`_stats`: how many documents indices hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headpond.node.api.cluster import index_status, shards_of
from headpond.node.api.indices import EXPANDING, chosen
from headpond.node.call import Call
from headpond.node.router import route
from headpond.node.store.index import Index

if TYPE_CHECKING:
    from headpond.node.node import Node

PARAMS = (*EXPANDING, "completion_fields", "fielddata_fields", "fields", "forbid_closed_indices", "groups",
          "include_segment_file_sizes", "include_unloaded_segments", "level")  # fmt: skip


@route("GET", "/_stats", params=PARAMS, body=False)
@route("GET", "/_stats/{metric}", params=PARAMS, body=False)
@route("GET", "/{index}/_stats", params=PARAMS, body=False)
@route("GET", "/{index}/_stats/{metric}", params=PARAMS, body=False)
def stats(node: Node, call: Call) -> dict[str, Any]:
    """Documents, deleted documents, bytes and segments."""
    indices = chosen(node, call)
    described = {index.name: _one(index) for index in indices}
    total: dict[str, Any] = {
        "docs": _sum(described, "docs", ("count", "deleted")),
        "store": _sum(described, "store", ("size_in_bytes",)),
        "segments": _sum(described, "segments", ("count",)),
    }
    return {"_shards": shards_of(indices), "_all": {"primaries": total, "total": total}, "indices": described}


def _one(index: Index) -> dict[str, Any]:
    found = {
        "docs": {"count": index.count(nested=True), "deleted": index.deleted_count()},
        "store": {"size_in_bytes": index.size()},
        "segments": {"count": len(index.reader().segments)},
    }
    return {"uuid": index.uuid, "health": index_status(index), "status": "open", "primaries": found, "total": found}


def _sum(described: dict[str, Any], metric: str, names: tuple[str, ...]) -> dict[str, int]:
    return {name: sum(one["total"][metric][name] for one in described.values()) for name in names}
