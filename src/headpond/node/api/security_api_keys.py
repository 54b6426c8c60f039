"""`security`: API keys."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.body import Body, Members
from headpond.inference.duration import parse_duration
from headpond.inference.invalid import validation_failed
from headpond.inference.json_position import Path
from headpond.node.api.documents import refresh_policy
from headpond.node.api.security import REFRESH, security_of
from headpond.node.call import Call, illegal_argument
from headpond.node.http import Response
from headpond.node.router import route
from headpond.node.security.api_keys import ApiKey
from headpond.node.security.authorization import GET_KEY, INVALIDATE_KEY
from headpond.node.security.patterns import matches
from headpond.node.security.role import OF_A_KEY, Role, problems, read_role
from headpond.node.security.subject import Subject

if TYPE_CHECKING:
    from headpond.node.node import Node

LONGEST_NAME = 256
_CREATE, _INVALIDATE = "api_key_request", "invalidate_api_key"
_FILTERS = ("name", "username", "realm_name", "owner")


@route("PUT", "POST", "/_security/api_key", params=REFRESH, action="cluster:admin/xpack/security/api_key/create")
def create(node: Node, call: Call) -> dict[str, Any]:
    """Makes a key of the sender's; its secret part is in this answer and nowhere else."""
    security, subject = security_of(node, call)
    refresh_policy(call)
    given = _read_new(Body(call.required_body, call.request.body))
    if wrong := _problems(given):
        raise validation_failed(wrong)
    roles: dict[str, Role] = given.get("role_descriptors", {})
    if subject.key_id and (not roles or not all(role.grants_nothing for role in roles.values())):
        raise illegal_argument(
            "creating derived api keys requires an explicit role descriptor that is empty (has no privileges)"
        )
    key, secret = security.keys.create(
        given["name"],
        subject,
        roles=roles,
        limited_by=security.roles.found(subject.found),
        lifetime_millis=given.get("expiration"),
        metadata=given.get("metadata"),
    )
    answer: dict[str, Any] = {"id": key.id, "name": key.name}
    if key.expiration is not None:
        answer["expiration"] = key.expiration
    encoded = base64.b64encode(f"{key.id}:{secret}".encode()).decode()
    return {**answer, "api_key": secret, "encoded": encoded}


@route(
    "GET",
    "/_security/api_key",
    params=("id", *_FILTERS, "active_only", "with_limited_by", "with_profile_uid"),
    body=False,
    action=GET_KEY,
)
def get(node: Node, call: Call) -> dict[str, Any] | Response:
    """Keys without their secrets: by id, name or owner, or all."""
    security, subject = security_of(node, call)
    id, active, limits = call.text("id"), call.flag("active_only"), call.flag("with_limited_by")
    owner = call.flag("owner")
    asked = {name: call.text(name) or None for name in ("name", "username", "realm_name")}
    wrong = []
    if id and asked["name"]:
        wrong.append("only one of [api key id, api key name] can be specified")
    if (id or asked["name"]) and (asked["username"] or asked["realm_name"]):
        wrong.append("username or realm name must not be specified when the api key id or api key name is specified")
    if owner and (asked["username"] or asked["realm_name"]):
        wrong.append("neither username nor realm-name may be specified when retrieving owned API keys")
    if wrong:
        raise validation_failed(wrong)
    wanted = _wanted([id] if id else None, asked, subject if owner else None)
    found = security.keys.find(
        lambda key: wanted(key) and not (active and (key.invalidation is not None or key.expired))
    )
    answer = {"api_keys": [key.described(with_limited_by=limits) for key in found]}
    return node.respond(404, answer, call.request) if id and not found else answer


@route("DELETE", "/_security/api_key", action=INVALIDATE_KEY)
def invalidate(node: Node, call: Call) -> dict[str, Any]:
    """Ends keys, at once."""
    security, subject = security_of(node, call)
    given = _read_ended(Body(call.required_body, call.request.body))
    ids, owner = given.get("ids"), given.get("owner", False)
    named, from_user = bool(ids or given.get("name")), bool(given.get("username") or given.get("realm_name"))
    wrong = []
    if not (named or from_user or owner):
        either = "[api key id(s), api key name, username, realm name]"
        wrong.append(f"One of {either} must be specified if [owner] flag is false")
    if ids and given.get("name"):
        wrong.append("only one of [api key id(s), api key name] can be specified")
    if named and from_user:
        wrong.append(
            "username or realm name must not be specified when the api key id(s) or api key name are specified"
        )
    if owner and from_user:
        wrong.append("neither username nor realm-name may be specified when invalidating owned API keys")
    if wrong:
        raise validation_failed(wrong)
    ended = security.keys.invalidate(_wanted(ids, given, subject if owner else None))
    return {"invalidated_api_keys": ended, "previously_invalidated_api_keys": [], "error_count": 0}


def _wanted(ids: list[str] | None, asked: Mapping[str, Any], owner: Subject | None) -> Callable[[ApiKey], bool]:
    name, username, realm = asked.get("name"), asked.get("username"), asked.get("realm_name")
    if owner is not None:
        username, realm = owner.username, owner.realm[0]

    def holds(key: ApiKey) -> bool:
        return (
            (not ids or key.id in ids)
            and (not name or matches(name, key.name))
            and (not username or key.username == username)
            and (not realm or key.realm[0] == realm)
        )

    return holds


def _read_new(body: Body) -> dict[str, Any]:
    members = Members(body, _CREATE)

    def expiration(path: Path, value: Any) -> int:
        text = members.text(path, value)
        try:
            seconds = parse_duration(text, "expiration")
        except ValueError as error:
            raise _unbuilt(_CREATE, illegal_argument(str(error))) from None
        return -1 if seconds < 0 else int(seconds * 1000)

    def roles(path: Path, value: Any) -> dict[str, Role]:
        if isinstance(value, list):
            text = "[role_descriptors] doesn't support arrays. Use a single object with multiple fields."
            raise body.failed(_CREATE, path, illegal_argument(text))
        found = {}
        for name, described in members.any_object(path, value).items():
            try:
                found[name] = read_role(name, described, known=OF_A_KEY)
            except RestError as error:
                if error.status != 400:
                    raise
                inner = body.failed("role_descriptors", (*path, name), error)
                raise body.failed(_CREATE, path, inner, at=body.position((*path, name))) from None
        return found

    readers = {
        "name": members.text,
        "expiration": expiration,
        "role_descriptors": roles,
        "metadata": members.any_object,
    }
    given = body.object(_CREATE, (), body.value, readers)
    if "name" not in given:
        raise illegal_argument("Required [name]")
    return given


def _problems(given: Mapping[str, Any]) -> list[str]:
    name, found = given["name"], []
    if not name:
        found.append("api key name is required")
    if len(name) > LONGEST_NAME:
        found.append(f"api key name may not be more than {LONGEST_NAME} characters long")
    if name != name.strip():
        found.append("api key name may not begin or end with whitespace")
    if name.startswith("_"):
        found.append("api key name may not begin with an underscore")
    if any(key.startswith("_") for key in given.get("metadata", {})):
        found.append("API key metadata keys may not start with [_]")
    return found + [wrong for role in given.get("role_descriptors", {}).values() for wrong in problems(role)]


def _read_ended(body: Body) -> dict[str, Any]:
    members = Members(body, _INVALIDATE)

    def ids(path: Path, value: Any) -> list[str]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(id, str) for id in listed):
            raise body.unsupported(_INVALIDATE, path, value)
        if not listed:
            raise _unbuilt(_INVALIDATE, validation_failed(["Field [ids] cannot be an empty array"]))
        if "" in listed:
            at = f"index position: [{listed.index('')}]"
            text = f"Field [ids] must not contain blank id, but got blank id at {at}"
            raise _unbuilt(_INVALIDATE, validation_failed([text]))
        return listed

    def id(path: Path, value: Any) -> None:
        raise body.error(_INVALIDATE, path, "unknown field [id] did you mean [ids]?", of_key=True)

    readers = {
        "id": id,
        "ids": ids,
        "name": members.text,
        "username": members.text,
        "realm_name": members.text,
        "owner": members.flag,
    }
    return body.object(_INVALIDATE, (), body.value, readers)


def _unbuilt(parser: str, cause: RestError) -> RestError:
    reason = f"Failed to build [{parser}] after last required field arrived"
    return RestError(400, "x_content_parse_exception", reason, caused_by=cause)
