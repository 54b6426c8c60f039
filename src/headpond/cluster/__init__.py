"""A real Elasticsearch in docker for development: `up`, `status`, `down`."""

from headpond.cluster.lifecycle import PROFILES, ClusterStatus, down, status, up

__all__ = ["PROFILES", "ClusterStatus", "down", "status", "up"]
