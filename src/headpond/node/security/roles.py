"""The roles of a pond: the built-in ones and those that were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headpond.errors import RestError
from headpond.node.security.builtin_roles import BUILTIN
from headpond.node.security.kept import Kept
from headpond.node.security.role import IndexGrant, Role


class Roles:
    """Roles by name.

    Args:
        kept: where they are kept.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._made = {name: from_kept(body) for name, body in kept.all("role")}

    def get(self, name: str) -> Role | None:
        """A role."""
        return BUILTIN.get(name) or self._made.get(name)

    def names(self) -> list[str]:
        """All names."""
        return [*BUILTIN, *self._made]

    def found(self, names: Iterable[str]) -> dict[str, Role]:
        """Those of some roles that exist."""
        return {name: role for name in names if (role := self.get(name)) is not None}

    def put(self, name: str, role: Role) -> bool:
        """Keeps a role; True when there was none of the name."""
        with self._kept.lock:
            created = name not in self._made
            self._kept.put("role", name, to_kept(role))
            self._made[name] = role
            return created

    def remove(self, name: str) -> bool:
        """Forgets a role; False when there is none.

        Raises:
            RestError: 400, it is a built-in one.
        """
        if name in BUILTIN:
            reason = f"role [{name}] is reserved and cannot be deleted"
            raise RestError(400, "illegal_argument_exception", reason)
        with self._kept.lock:
            if name not in self._made:
                return False
            self._kept.remove("role", name)
            del self._made[name]
            return True


def to_kept(role: Role) -> dict[str, Any]:
    """A role as it is kept."""
    return {
        "cluster": list(role.cluster),
        "indices": [grant.described() for grant in role.indices],
        "metadata": dict(role.metadata),
        "description": role.description,
    }


def from_kept(body: Mapping[str, Any]) -> Role:
    """A role that was kept."""
    grants = tuple(
        IndexGrant(tuple(entry["names"]), tuple(entry["privileges"]), entry["allow_restricted_indices"])
        for entry in body["indices"]
    )
    return Role(tuple(body["cluster"]), grants, body["metadata"], body["description"])
