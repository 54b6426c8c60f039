"""Whether a request may reach its handler: its action, and the indices that its path and parameters name.

Names that stand in a body are checked by the handlers that read them (`_bulk`, `_mget`, `_msearch`, `_aliases`, and the
aliases of a new index), with the `Access` that the call carries.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headpond.node.call import Call, illegal_argument
from headpond.node.security.access import Access
from headpond.node.security.actions import ANYBODY
from headpond.node.security.cluster_privileges import is_cluster_action
from headpond.node.security.subject import Subject
from headpond.node.store.indices import Indices

_SECURITY = "cluster:admin/xpack/security/"
AUTHENTICATE = f"{_SECURITY}user/authenticate"
HAS_PRIVILEGES = f"{_SECURITY}user/has_privileges"
CHANGE_PASSWORD = f"{_SECURITY}user/change_password"
GET_KEY = f"{_SECURITY}api_key/get"
INVALIDATE_KEY = f"{_SECURITY}api_key/invalidate"

_IN_THE_BODY = frozenset(
    {
        "indices:data/read/close_point_in_time",
        "indices:data/read/mget",
        "indices:data/read/msearch",
        "indices:data/write/bulk",
    }
)
_ONE_INDEX = frozenset({"indices:admin/create", "indices:data/read/get", "indices:data/write/update"})
_DOCUMENT_WRITES = frozenset({"indices:data/write/index", "indices:data/write/delete"})


def authorize(subject: Subject, action: str, call: Call, indices: Indices) -> Call:
    """The call with what its sender may do, its index expression narrowed to what is allowed.

    Args:
        subject: who sent it.
        action: of its route.
        call: not yet answered.
        indices: those of the node.

    Raises:
        RestError: 403, it is not allowed; 404, nothing that is allowed matches where something must.
    """
    access = Access(subject, indices)
    if action != ANYBODY:
        if action == "indices:admin/analyze" and not (call.parts.get("index") or call.text("index")):
            action = "cluster:admin/analyze"
        if is_cluster_action(action):
            _check_cluster(access, action, call)
        else:
            call = _check_indices(access, action, call)
    return replace(call, access=access)


def _check_cluster(access: Access, action: str, call: Call) -> None:
    subject = access.subject
    if action in (AUTHENTICATE, HAS_PRIVILEGES):
        return  # everybody may ask about themselves; the handler answers nothing else
    itself = call.parts.get("username", subject.username) == subject.username
    if action == CHANGE_PASSWORD and itself and not subject.key_id:
        return
    if action == GET_KEY:
        if subject.key_id and call.text("id") == subject.key_id and not call.flag("with_limited_by"):
            return
        access.check_cluster(action, own=_own_keys(subject, call.request.query, call.flag("owner")))
    elif action == INVALIDATE_KEY:
        body = call.body if isinstance(call.body, dict) else {}
        access.check_cluster(action, own=_own_keys(subject, body, body.get("owner") in (True, "true")))
    else:
        access.check_cluster(action)


def _own_keys(subject: Subject, asked: Any, owner: bool) -> bool:
    """Whether a request concerns the sender's own API keys alone; for a key that is the key itself."""
    if subject.key_id:
        return bool(subject.key_id == asked.get("id") or [subject.key_id] == asked.get("ids"))
    return owner or (subject.username, subject.realm[0]) == (asked.get("username"), asked.get("realm_name"))


def _check_indices(access: Access, action: str, call: Call) -> Call:
    expression = call.parts.get("index") or call.text("index")
    if action in _IN_THE_BODY:
        access.check_somewhere(action)
        return call
    aliases = [name for name in call.parts.get("name", "").split(",") if name]
    if action == "indices:admin/aliases":
        if expression is None:
            return call  # the body names them
        access.check_aliases([name for name in expression.split(",") if "*" not in name], aliases)
    if action == "indices:admin/aliases/get":
        plain = [name for name in aliases if "*" not in name]
        if not all(access.may(action, name) for name in plain):
            raise access.denial(action)
    if action in _DOCUMENT_WRITES:
        access.check_somewhere(action, [call.part("index")])
        return call
    if action in _ONE_INDEX:
        access.check(action, [call.part("index")])
        return call
    if action == "indices:admin/delete":
        names = call.part("index").split(",")
        if any("*" in name or name == "_all" for name in names):
            raise illegal_argument("Wildcard expressions or all indices are not allowed")
        access.check(action, names)
        return call
    allowed = access.narrowed(
        action,
        expression,
        ignore_unavailable=call.flag("ignore_unavailable"),
        allow_no_indices=call.flag("allow_no_indices", True),
    )
    return call if allowed == expression else replace(call, parts={**call.parts, "index": str(allowed)})
