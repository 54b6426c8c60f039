"""Roles that are always there and cannot be changed."""

from __future__ import annotations

from headpond.node.security.role import IndexGrant, Role

_RESERVED = {"_reserved": True}

BUILTIN: dict[str, Role] = {
    "superuser": Role(
        ("all",),
        (IndexGrant(("*",), ("all",)),),
        _RESERVED,
        "Grants full access to cluster management and data indices.",
    ),
    "inference_admin": Role(
        ("manage_inference",),
        metadata=_RESERVED,
        description="Grants access necessary to manage inference models and performing inference.",
    ),
    "inference_user": Role(
        ("monitor_inference",),
        metadata=_RESERVED,
        description="Grants access necessary to perform inference.",
    ),
}
"""By name. Elasticsearch has more, most of them for products that a pond does not serve."""
