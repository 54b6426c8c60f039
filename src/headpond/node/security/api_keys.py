"""The API keys of a pond."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headpond.node.security.kept import Kept
from headpond.node.security.role import Role
from headpond.node.security.roles import from_kept, to_kept
from headpond.node.security.secret_hash import hashed
from headpond.node.security.subject import KEY_REALM, Subject
from headpond.node.store.metadata import now_millis

# Elasticsearch's default of xpack.security.authc.api_key.delete.retention_period.
RETENTION_MILLIS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; times are milliseconds since 1970.

    Attributes:
        id: public.
        name: public, need not be unique.
        secret: the hash of the secret part, which nothing shows.
        owner: what is known of the user who made it, as they were then.
        roles: its own role descriptors; where there are none it may do what its owner may.
        limited_by: the owner's roles as they were when it was made: they bound what the key may do.
        creation: when it was made.
        expiration: when it ends, None for never.
        invalidation: when it was made invalid.
        metadata: kept and shown.
    """

    id: str
    name: str
    secret: str = field(repr=False)
    owner: Mapping[str, Any]
    roles: Mapping[str, Role]
    limited_by: Mapping[str, Role]
    creation: int
    expiration: int | None = None
    invalidation: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def username(self) -> str:
        """Whose it is."""
        return str(self.owner["username"])

    @property
    def realm(self) -> tuple[str, str]:
        """Name and type of where its owner is kept."""
        name, kind = self.owner["realm"]
        return name, kind

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expiration is not None and self.expiration <= now_millis()

    def described(self, *, with_limited_by: bool = False) -> dict[str, Any]:
        """As `_security/api_key` shows it."""
        body: dict[str, Any] = {"id": self.id, "name": self.name, "type": "rest", "creation": self.creation}
        if self.expiration is not None:
            body["expiration"] = self.expiration
        body["invalidated"] = self.invalidation is not None
        if self.invalidation is not None:
            body["invalidation"] = self.invalidation
        body |= {
            "username": self.username,
            "realm": self.realm[0],
            "realm_type": self.realm[1],
            "metadata": dict(self.metadata),
            "role_descriptors": {name: role.described() for name, role in self.roles.items()},
        }
        if with_limited_by:
            body["limited_by"] = [{name: role.described() for name, role in self.limited_by.items()}]
        return body


class ApiKeys:
    """API keys by id.

    Args:
        kept: where they are kept.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._keys = {name: _from_kept(name, body) for name, body in kept.all("api_key")}
        self._sweep()

    def get(self, id: str) -> ApiKey | None:
        """A key, also one that is not valid any more."""
        return self._keys.get(id)

    def create(
        self,
        name: str,
        owner: Subject,
        *,
        roles: Mapping[str, Role],
        limited_by: Mapping[str, Role],
        lifetime_millis: int | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> tuple[ApiKey, str]:
        """Makes a key.

        Returns:
            The key, and its secret part, which is kept nowhere.
        """
        secret = secrets.token_urlsafe(16)
        creation = now_millis()
        key = ApiKey(
            secrets.token_urlsafe(15),
            name,
            hashed(secret),
            {
                "username": owner.username,
                "realm": list(KEY_REALM if owner.key_id else owner.realm),
                "full_name": owner.full_name,
                "email": owner.email,
                "metadata": dict(owner.metadata),
            },
            dict(roles),
            dict(limited_by),
            creation,
            None if lifetime_millis is None else creation + lifetime_millis,
            metadata=dict(metadata or {}),
        )
        with self._kept.lock:
            self._keep(key)
        return key, secret

    def find(self, wanted: Callable[[ApiKey], bool]) -> list[ApiKey]:
        """The keys that a condition holds for, the oldest first."""
        with self._kept.lock:
            return [key for key in self._keys.values() if wanted(key)]

    def invalidate(self, wanted: Callable[[ApiKey], bool]) -> list[str]:
        """Makes the valid keys that a condition holds for invalid; their ids."""
        with self._kept.lock:
            found = [key for key in self._keys.values() if key.invalidation is None and wanted(key)]
            for key in found:
                self._keep(replace(key, invalidation=now_millis()))
        return [key.id for key in found]

    def _keep(self, key: ApiKey) -> None:
        self._kept.put("api_key", key.id, _to_kept(key))
        self._keys[key.id] = key

    def _sweep(self) -> None:
        """Forgets keys that have been of no use for a week."""
        before = now_millis() - RETENTION_MILLIS
        for key in list(self._keys.values()):
            ends = [end for end in (key.expiration, key.invalidation) if end is not None]
            if ends and min(ends) < before:
                self._kept.remove("api_key", key.id)
                del self._keys[key.id]


def _to_kept(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "secret": key.secret,
        "owner": dict(key.owner),
        "roles": {name: to_kept(role) for name, role in key.roles.items()},
        "limited_by": {name: to_kept(role) for name, role in key.limited_by.items()},
        "creation": key.creation,
        "expiration": key.expiration,
        "invalidation": key.invalidation,
        "metadata": dict(key.metadata),
    }


def _from_kept(id: str, body: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id,
        body["name"],
        body["secret"],
        body["owner"],
        {name: from_kept(role) for name, role in body["roles"].items()},
        {name: from_kept(role) for name, role in body["limited_by"].items()},
        body["creation"],
        body["expiration"],
        body["invalidation"],
        body["metadata"],
    )
