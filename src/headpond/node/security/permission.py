"""What somebody may do: the union of some roles, and for API keys its intersection with what the key's owner may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from headpond.node.security.cluster_privileges import privilege_of
from headpond.node.security.index_privileges import patterns_of
from headpond.node.security.patterns import any_matches
from headpond.node.security.role import Role


class Permission(Protocol):
    """Answers questions about actions; names of indices and aliases are compared as they are given."""

    def allows_cluster(self, action: str, *, own: bool = False) -> bool:
        """Whether a cluster action is allowed; `own` where it concerns the sender's own API keys alone."""

    def covers_cluster(self, privilege: str) -> bool:
        """Whether all of a cluster privilege is held."""

    def allows_somewhere(self, action: str) -> bool:
        """Whether an action is allowed on any index there may be."""

    def allows_everywhere(self, action: str) -> bool:
        """Whether an action is allowed on every index there may be."""

    def allows(self, action: str, name: str) -> bool:
        """Whether an action is allowed on an index or alias; for a pattern of names, whether on all of them."""

    def covers_index(self, privilege: str, name: str) -> bool:
        """Whether all of an index privilege is held on the indices that a name or pattern means."""


class RolePermission:
    """What roles allow together.

    Args:
        roles: they, in any order.
    """

    def __init__(self, roles: Iterable[Role]) -> None:
        self._roles = tuple(roles)
        self._cluster = [privilege_of(name) for role in self._roles for name in role.cluster]
        self._indices = [(grant.names, patterns_of(grant.privileges)) for role in self._roles for grant in role.indices]

    def allows_cluster(self, action: str, *, own: bool = False) -> bool:
        """See `Permission`."""
        return any(privilege.grants(action, own=own) for privilege in self._cluster)

    def covers_cluster(self, privilege: str) -> bool:
        """See `Permission`."""
        wanted = privilege_of(privilege)
        return any(held.covers(wanted) for held in self._cluster)

    def allows_somewhere(self, action: str) -> bool:
        """See `Permission`."""
        return any(any_matches(actions, action) for _, actions in self._indices)

    def allows_everywhere(self, action: str) -> bool:
        """See `Permission`."""
        return any("*" in names and any_matches(actions, action) for names, actions in self._indices)

    def allows(self, action: str, name: str) -> bool:
        """See `Permission`."""
        return any(any_matches(actions, action) and any_matches(names, name) for names, actions in self._indices)

    def covers_index(self, privilege: str, name: str) -> bool:
        """See `Permission`."""
        return all(self.allows(action, name) for action in patterns_of((privilege,)))


class LimitedPermission:
    """What two permissions allow both: that of an API key's own descriptors, and that of its owner.

    Args:
        assigned: of the key.
        limit: of its owner.
    """

    def __init__(self, assigned: Permission, limit: Permission) -> None:
        self._both = (assigned, limit)

    def allows_cluster(self, action: str, *, own: bool = False) -> bool:
        """See `Permission`."""
        return all(part.allows_cluster(action, own=own) for part in self._both)

    def covers_cluster(self, privilege: str) -> bool:
        """See `Permission`."""
        return all(part.covers_cluster(privilege) for part in self._both)

    def allows_somewhere(self, action: str) -> bool:
        """See `Permission`."""
        return all(part.allows_somewhere(action) for part in self._both)

    def allows_everywhere(self, action: str) -> bool:
        """See `Permission`."""
        return all(part.allows_everywhere(action) for part in self._both)

    def allows(self, action: str, name: str) -> bool:
        """See `Permission`."""
        return all(part.allows(action, name) for part in self._both)

    def covers_index(self, privilege: str, name: str) -> bool:
        """See `Permission`."""
        return all(part.covers_index(privilege, name) for part in self._both)
