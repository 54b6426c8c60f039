"""What the node says of itself: `GET /`, and what clients ask to know its version."""

from __future__ import annotations

from typing import Any

from headpond.node.call import Call
from headpond.node.identity import BUILD_DATE, CLUSTER_NAME, NODE_NAME, VERSION
from headpond.node.node import Node
from headpond.node.router import route


@route("GET", "HEAD", "/", body=False)
def info(node: Node, call: Call) -> dict[str, Any]:
    """Name, cluster and version."""
    return {
        "name": NODE_NAME,
        "cluster_name": CLUSTER_NAME,
        "cluster_uuid": node.database.uuid,
        "version": {
            "number": VERSION,
            "build_flavor": "headpond",
            "build_type": "embedded",
            "build_hash": "0" * 40,
            "build_date": BUILD_DATE,
            "build_snapshot": False,
            "lucene_version": "10.3.2",
            "minimum_wire_compatibility_version": "8.19.0",
            "minimum_index_compatibility_version": "8.0.0",
        },
        "tagline": "You Know, for Search",
    }


@route("GET", "/_license", params=("accept_enterprise", "local"), body=False)
def license(node: Node, call: Call) -> dict[str, Any]:
    """A basic licence: what headpond has is free, what needs another licence it does not have."""
    return {
        "license": {
            "status": "active",
            "uid": node.database.uuid,
            "type": "basic",
            "issue_date": "1970-01-01T00:00:00.000Z",
            "issue_date_in_millis": 0,
            "max_nodes": 1000,
            "max_resource_units": None,
            "issued_to": CLUSTER_NAME,
            "issuer": "headpond",
            "start_date_in_millis": -1,
        }
    }
