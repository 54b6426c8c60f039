"""`security`: roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headpond.inference.invalid import validation_failed
from headpond.node.api.documents import refresh_policy
from headpond.node.api.security import REFRESH, security_of
from headpond.node.call import Call
from headpond.node.http import Response
from headpond.node.router import route
from headpond.node.security.builtin_roles import BUILTIN
from headpond.node.security.role import problems, read_role, wrong_name

if TYPE_CHECKING:
    from headpond.node.node import Node

_ACTION = "cluster:admin/xpack/security/role/"


@route("PUT", "POST", "/_security/role/{name}", params=REFRESH, action=f"{_ACTION}put")
def put(node: Node, call: Call) -> dict[str, Any]:
    """Makes a role, or replaces one."""
    security, _ = security_of(node, call)
    refresh_policy(call)
    name = call.part("name")
    role = read_role(name, call.required_body)
    wrong = [f"Role [{name}] is reserved and may not be used."] if name in BUILTIN else []
    wrong += [text] if (text := wrong_name("Role", name)) else []
    if wrong := wrong + problems(role):
        raise validation_failed(wrong)
    return {"role": {"created": security.roles.put(name, role)}}


@route("GET", "/_security/role", body=False, action=f"{_ACTION}get")
@route("GET", "/_security/role/{name}", body=False, action=f"{_ACTION}get")
def get(node: Node, call: Call) -> dict[str, Any] | Response:
    """Roles by name, or all."""
    security, _ = security_of(node, call)
    wanted = call.parts.get("name")
    found = security.roles.found(security.roles.names() if wanted is None else wanted.split(","))
    answer = {name: role.described() for name, role in found.items()}
    return answer if answer else node.respond(404, {}, call.request)


@route("DELETE", "/_security/role/{name}", params=REFRESH, body=False, action=f"{_ACTION}delete")
def delete(node: Node, call: Call) -> Response:
    """Forgets a role; who has it keeps its name, which then means nothing."""
    security, _ = security_of(node, call)
    refresh_policy(call)
    found = security.roles.remove(call.part("name"))
    return node.respond(200 if found else 404, {"found": found}, call.request)
