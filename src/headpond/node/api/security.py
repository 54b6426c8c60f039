"""`security`: who am I, what may I do, and which privileges there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.body import token
from headpond.inference.invalid import not_implemented
from headpond.node.call import Call, illegal_argument
from headpond.node.router import route
from headpond.node.security import cluster_privileges, index_privileges
from headpond.node.security.authorization import AUTHENTICATE, HAS_PRIVILEGES
from headpond.node.security.role import read_grants, read_strings
from headpond.node.security.security import Security
from headpond.node.security.subject import Subject

if TYPE_CHECKING:
    from headpond.node.node import Node

REFRESH = ("refresh",)


def security_of(node: Node, call: Call) -> tuple[Security, Subject]:
    """The node's security and the sender of a call.

    Raises:
        RestError: 501, security is off in this pond.
    """
    if node.security is None or call.access is None:
        asked = f"[{call.request.method} {call.request.path}]"
        reason = f"security {asked} is off. Security must be explicitly enabled in a pond: headpond serve --security"
        raise RestError(501, "not_implemented_exception", reason)
    return node.security, call.access.subject


@route("GET", "/_security/_authenticate", body=False, action=AUTHENTICATE)
def authenticate(node: Node, call: Call) -> dict[str, Any]:
    """Who sent the request."""
    return security_of(node, call)[1].described()


@route("GET", "/_security/privilege/_builtin", body=False, action="cluster:admin/xpack/security/privilege/builtin/get")
def builtin_privileges(node: Node, call: Call) -> dict[str, Any]:
    """The names that roles may hold."""
    security_of(node, call)
    return {"cluster": sorted(cluster_privileges.PRIVILEGES), "index": sorted(index_privileges.PRIVILEGES)}


@route("GET", "POST", "/_security/user/_has_privileges", action=HAS_PRIVILEGES)
@route("GET", "POST", "/_security/user/{username}/_has_privileges", action=HAS_PRIVILEGES)
def has_privileges(node: Node, call: Call) -> dict[str, Any]:
    """Which of some privileges the sender has."""
    _, subject = security_of(node, call)
    username = call.parts.get("username", subject.username)
    if call.body is None:
        raise RestError(400, "parse_exception", "request body or source parameter is required")
    cluster, indices = _read_check(f"{username}/has_privileges", call.body)
    if username != subject.username:
        raise illegal_argument("users may only check the privileges of their own account")
    permission = subject.permission
    of_cluster = {name: permission.covers_cluster(name) for name in cluster}
    of_indices: dict[str, dict[str, bool]] = {}
    for names, privileges in indices:
        for name in names:
            held = of_indices.setdefault(name, {})
            held |= {privilege: permission.covers_index(privilege, name) for privilege in privileges}
    held_all = all(of_cluster.values()) and all(all(held.values()) for held in of_indices.values())
    return {
        "username": subject.username,
        "has_all_requested": held_all,
        "cluster": of_cluster,
        "index": {name: dict(sorted(held.items())) for name, held in sorted(of_indices.items())},
        "application": {},
    }


Check = tuple[tuple[str, ...], list[tuple[tuple[str, ...], tuple[str, ...]]]]


def _read_check(name: str, body: Any) -> Check:
    start = f"failed to parse privileges check [{name}]"
    if not isinstance(body, Mapping):
        raise _unreadable(f"{start}. expected an object but found [{token(body)}] instead")
    for key in body:
        if key not in ("cluster", "index", "application"):
            raise _unreadable(f"{start}. unexpected field [{key}]")
    if not body:
        raise _unreadable(f"{start}. All privilege fields [cluster,index,applications] are missing")
    if body.get("application"):
        raise not_implemented("[application] privileges")
    cluster = read_strings(name, "cluster", body.get("cluster"))
    indices = [(grant.names, grant.privileges) for grant in read_grants(name, body.get("index"))]
    wrong = cluster_privileges.unknown(cluster)
    for _, privileges in indices:
        wrong = wrong or next(filter(None, map(index_privileges.unknown, privileges)), None)
    if wrong:
        raise illegal_argument(wrong)
    return cluster, indices


def _unreadable(reason: str) -> RestError:
    return RestError(400, "parse_exception", reason)
