"""`security`: users and their passwords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.body import token
from headpond.inference.invalid import not_implemented, validation_failed
from headpond.node.api.documents import refresh_policy
from headpond.node.api.security import REFRESH, security_of
from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.router import route
from headpond.node.security.authorization import CHANGE_PASSWORD
from headpond.node.security.role import wrong_name
from headpond.node.security.users import ELASTIC

if TYPE_CHECKING:
    from headpond.node.node import Node

_ACTION = "cluster:admin/xpack/security/user/"
_KINDS: dict[str, tuple[str, type]] = {
    "username": ("string", str),
    "password": ("string", str),
    "full_name": ("string", str),
    "email": ("string", str),
    "metadata": ("object", dict),
    "enabled": ("boolean", bool),
}


@route("PUT", "POST", "/_security/user/{username}", params=REFRESH, action=f"{_ACTION}put")
def put(node: Node, call: Call) -> dict[str, Any]:
    """Makes a user, or replaces one; without a password the known one stays."""
    security, _ = security_of(node, call)
    refresh_policy(call)
    username = call.part("username")
    given = _read("add user", call.required_body, {*_KINDS, "roles"})
    if given.get("username", username) != username:
        raise illegal_argument(f"[username] in source does not match the username provided [{username}]")
    if wrong := _problems(username, given):
        raise validation_failed(wrong)
    created = security.users.put(
        username,
        given.get("password"),
        roles=given["roles"],
        full_name=given.get("full_name"),
        email=given.get("email"),
        metadata=given.get("metadata"),
        enabled=given.get("enabled", True),
    )
    return {"created": created}


@route("GET", "/_security/user", params=("with_profile_uid",), body=False, action=f"{_ACTION}get")
@route("GET", "/_security/user/{username}", params=("with_profile_uid",), body=False, action=f"{_ACTION}get")
def get(node: Node, call: Call) -> dict[str, Any] | Response:
    """Users by name, or all."""
    security, _ = security_of(node, call)
    wanted = call.parts.get("username")
    users = map(security.users.get, security.users.names() if wanted is None else wanted.split(","))
    answer = {user.username: user.described() for user in users if user is not None}
    return answer if answer else node.respond(404, {}, call.request)


@route("DELETE", "/_security/user/{username}", params=REFRESH, body=False, action=f"{_ACTION}delete")
def delete(node: Node, call: Call) -> Response:
    """Forgets a user, at once; API keys that the user made stay."""
    security, _ = security_of(node, call)
    refresh_policy(call)
    found = security.users.remove(call.part("username"))
    return node.respond(200 if found else 404, {"found": found}, call.request)


@route("PUT", "POST", "/_security/user/_password", params=REFRESH, action=CHANGE_PASSWORD)
@route("PUT", "POST", "/_security/user/{username}/_password", params=REFRESH, action=CHANGE_PASSWORD)
def change_password(node: Node, call: Call) -> dict[str, Any]:
    """Changes the sender's password, or another user's."""
    security, subject = security_of(node, call)
    refresh_policy(call)
    given = _read("change password", call.required_body, {"password"})
    if "password" not in given:
        raise validation_failed(["password is missing"])
    security.users.set_password(call.parts.get("username", subject.username), given["password"])
    return {}


@route("PUT", "POST", "/_security/user/{username}/_enable", params=REFRESH, body=False, action=f"{_ACTION}set_enabled")
def enable(node: Node, call: Call) -> dict[str, Any]:
    """Lets a user in again."""
    return _set_enabled(node, call, True)


@route("PUT", "POST", "/_security/user/{username}/_disable", params=REFRESH, body=False, action=f"{_ACTION}set_enabled")
def disable(node: Node, call: Call) -> dict[str, Any]:
    """Shuts a user out, at once."""
    return _set_enabled(node, call, False)


def _set_enabled(node: Node, call: Call, enabled: bool) -> dict[str, Any]:
    security, subject = security_of(node, call)
    refresh_policy(call)
    if call.part("username") == subject.username:
        raise illegal_argument("users may not update the enabled status of their own account")
    security.users.set_enabled(call.part("username"), enabled)
    return {}


def _read(what: str, body: Any, known: set[str]) -> dict[str, Any]:
    """The members of a body.

    Raises:
        RestError: 400, one is unknown or of the wrong kind; 501, a hash instead of a password.
    """
    if not isinstance(body, Mapping):
        raise _unreadable(f"expected an object, but found token [{token(body)}]")
    given: dict[str, Any] = {}
    for key, value in body.items():
        if key == "password_hash":
            raise not_implemented(
                "[password_hash]: send the password itself, which the pond hashes; a hash made elsewhere"
            )
        if key not in known:
            raise _unreadable(f"failed to parse {what} request. unexpected field [{key}]")
        if key == "roles":
            given[key] = _roles(value)
        elif value is None and key in ("full_name", "email", "metadata"):
            given[key] = None
        else:
            expected, kind = _KINDS[key]
            if not isinstance(value, kind):
                text = f"expected field [{key}] to be of type {expected}, but found [{token(value)}] instead"
                raise _unreadable(text)
            given[key] = value
    return given


def _roles(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(",") if part)
    if not isinstance(value, list):
        raise _unreadable(f"could not parse [roles] field. expected a string array but found [{token(value)}] instead")
    for item in value:
        if not isinstance(item, str):
            text = f"expected a string array but one of the value in the array is [{token(item)}]"
            raise _unreadable(f"could not parse [null] field. {text}")
    return tuple(value)


def _problems(username: str, given: Mapping[str, Any]) -> list[str]:
    if username == ELASTIC:
        return [f"user [{username}] is reserved and only the password can be changed"]
    found = [text] if (text := wrong_name("User", username)) else []
    if "roles" not in given:
        found.append("roles are missing")
    found += [text for role in given.get("roles", ()) if (text := wrong_name("Role", role))]
    if any(key.startswith("_") for key in given.get("metadata") or {}):
        found.append("metadata keys may not start with [_]")
    return found


def _unreadable(reason: str) -> RestError:
    return RestError(400, "parse_exception", reason)
