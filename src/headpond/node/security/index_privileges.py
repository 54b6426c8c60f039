"""Index privileges and the actions they grant: names and patterns are those of Elasticsearch 9.2."""

from __future__ import annotations

from functools import lru_cache

from headpond.node.security.patterns import any_matches

_VIEW_METADATA = (
    "indices:admin/aliases/get", "indices:admin/data_stream/get", "indices:admin/data_stream/lifecycle/explain",
    "indices:admin/data_stream/lifecycle/get", "indices:admin/get", "indices:admin/ilm/explain",
    "indices:admin/mappings/fields/get*", "indices:admin/mappings/get", "indices:admin/resolve/cluster",
    "indices:admin/resolve/index", "indices:admin/search/search_shards", "indices:admin/shards/search_shards",
    "indices:admin/validate/query*", "indices:data/read/field_caps*", "indices:monitor/settings/get",
)  # fmt: skip

PRIVILEGES: dict[str, tuple[str, ...]] = {
    "none": (),
    "create_doc": (
        "indices:data/write/index", "indices:data/write/index[*", "indices:data/write/index:op_type/create",
        "indices:data/write/bulk*", "indices:data/write/simulate/bulk*",
    ),
    "create": ("indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/simulate/bulk*"),
    "auto_configure": ("indices:admin/mapping/auto_put", "indices:admin/auto_create"),
    "create_index": ("indices:admin/create", "indices:admin/auto_create", "indices:admin/data_stream/create"),
    "delete": ("indices:data/write/delete*", "indices:data/write/bulk*"),
    "delete_index": ("indices:admin/delete", "indices:admin/data_stream/delete"),
    "index": (
        "indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/update*",
        "indices:data/write/simulate/bulk*",
    ),
    "maintenance": (
        "indices:admin/refresh*", "indices:admin/flush*", "indices:admin/synced_flush", "indices:admin/forcemerge*",
    ),
    "manage_data_stream_lifecycle": ("indices:admin/data_stream/lifecycle/*",),
    "manage_follow_index": (
        "indices:admin/xpack/ccr/put_follow", "indices:admin/xpack/ccr/unfollow", "indices:admin/close*",
        "indices:admin/data_stream/promote", "indices:admin/rollover",
    ),
    "manage_ilm": ("indices:admin/ilm/*",),
    "manage_leader_index": ("indices:admin/xpack/ccr/forget_follower*",),
    "monitor": ("indices:monitor/*",),
    "view_index_metadata": _VIEW_METADATA,
    "cross_cluster_replication": ("indices:data/read/xpack/ccr/shard_changes*", "indices:monitor/stats*"),
    "cross_cluster_replication_internal": ("indices:internal/admin/ccr/restore/*",),
    "manage": ("indices:monitor/*", "indices:admin/*", "indices:data/read/field_caps*"),
    "manage_failure_store": (),
    "read": ("indices:data/read/*", "indices:admin/resolve/index", "indices:admin/resolve/cluster"),
    "read_cross_cluster": ("indices:admin/shards/search_shards", "indices:admin/search/search_shards"),
    "read_failure_store": (),
    "write": ("indices:data/write/*", "indices:admin/mapping/auto_put"),
    "all": ("indices:*",),
}  # fmt: skip
"""Action patterns by privilege, those that grant little first: the order in which a refusal lists them.

The pond has no failure stores, so that their privileges grant nothing."""


def is_index_action(text: str) -> bool:
    """Whether a text is an action on indices, or a pattern of such."""
    return text.startswith("indices:")


@lru_cache(maxsize=1024)
def patterns_of(privileges: tuple[str, ...]) -> tuple[str, ...]:
    """The action patterns that known privileges grant; an action or a pattern of actions is a privilege too."""
    found: list[str] = []
    for privilege in privileges:
        found += PRIVILEGES.get(privilege.lower()) or ((privilege,) if is_index_action(privilege) else ())
    return tuple(dict.fromkeys(found))


def granting(action: str) -> list[str]:
    """The privileges that grant an action, the smallest first."""
    return [name for name, patterns in PRIVILEGES.items() if any_matches(patterns, action)]


def unknown(privilege: str) -> str | None:
    """Why a privilege cannot be granted; None when it is one."""
    if privilege.lower() in PRIVILEGES or is_index_action(privilege):
        return None
    return (
        f"unknown index privilege [{privilege}]. a privilege must be either one of the predefined fixed indices "
        f"privileges [{','.join(sorted(PRIVILEGES))}] or a pattern over one of the available index actions"
    )
