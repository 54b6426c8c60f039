"""Who sent a request, once the credentials were taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headpond.node.security.permission import Permission

RESERVED_REALM = ("reserved", "reserved")
NATIVE_REALM = ("default_native", "native")
KEY_REALM = ("_es_api_key", "_es_api_key")


@dataclass(frozen=True, slots=True)
class Subject:
    """A user, or an API key of a user.

    Attributes:
        username: the user, for a key its owner.
        permission: what is allowed.
        realm: name and type of where the user is kept.
        roles: names of the roles that the user was given; none for a key.
        found: those of them that exist.
        full_name: of the user.
        email: of the user.
        metadata: of the user.
        key_id: of the API key, None for a user.
        key_name: of the API key, None for a user.
        limited: whether the key has role descriptors of its own.
    """

    username: str
    permission: Permission
    realm: tuple[str, str] = NATIVE_REALM
    roles: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    full_name: str | None = None
    email: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    key_id: str | None = None
    key_name: str | None = None
    limited: bool = False

    def described(self) -> dict[str, Any]:
        """As `_security/_authenticate` shows it."""
        realm = KEY_REALM if self.key_id else self.realm
        where = {"name": realm[0], "type": realm[1]}
        body: dict[str, Any] = {
            "username": self.username,
            "roles": list(self.roles),
            "full_name": self.full_name,
            "email": self.email,
            "metadata": dict(self.metadata),
            "enabled": True,
            "authentication_realm": where,
            "lookup_realm": where,
            "authentication_type": "api_key" if self.key_id else "realm",
        }
        if self.key_id:
            body["api_key"] = {"managed_by": "elasticsearch", "name": self.key_name, "id": self.key_id}
        return body

    def in_words(self) -> str:
        """As a refusal names it."""
        if self.key_id:
            return f"API key id [{self.key_id}] of user [{self.username}]"
        text = f"user [{self.username}] with effective roles [{','.join(sorted(self.found))}]"
        lost = sorted(set(self.roles) - set(self.found))
        return f"{text} (assigned roles [{','.join(lost)}] were not found)" if lost else text
