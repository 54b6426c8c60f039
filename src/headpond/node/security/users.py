"""The users of a pond: `elastic`, who is always there, and those that were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headpond.errors import RestError
from headpond.inference.invalid import validation_failed
from headpond.node.security.kept import Kept
from headpond.node.security.secret_hash import hashed

ELASTIC = "elastic"
SHORTEST_PASSWORD = 6


@dataclass(frozen=True, slots=True)
class User:
    """A user.

    Attributes:
        username: the name.
        password: its hash, which nothing shows.
        roles: names of roles, which need not exist.
        full_name: for people.
        email: for people.
        metadata: kept and shown.
        enabled: whether the user may do anything.
    """

    username: str
    password: str = field(repr=False)
    roles: tuple[str, ...] = ()
    full_name: str | None = None
    email: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool = True

    @property
    def reserved(self) -> bool:
        """Whether it is built in."""
        return self.username == ELASTIC

    def described(self) -> dict[str, Any]:
        """As `_security/user` shows it."""
        return {
            "username": self.username,
            "roles": list(self.roles),
            "full_name": self.full_name,
            "email": self.email,
            "metadata": dict(self.metadata),
            "enabled": self.enabled,
        }


class Users:
    """Users by name.

    Args:
        kept: where they are kept.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._users = {name: _from_kept(name, body) for name, body in kept.all("user")}

    def get(self, username: str) -> User | None:
        """A user."""
        return self._users.get(username)

    def names(self) -> list[str]:
        """All names."""
        return list(self._users)

    def put(
        self,
        username: str,
        password: str | None,
        *,
        roles: tuple[str, ...],
        full_name: str | None = None,
        email: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        enabled: bool = True,
    ) -> bool:
        """Makes a user, or replaces one; None leaves a password as it is.

        Returns:
            Whether there was none of the name.

        Raises:
            RestError: 400, a new user without a password.
        """
        given = None if password is None else hashed(checked_password(password))
        with self._kept.lock:
            known = self._users.get(username)
            if given is None and known is None:
                raise _invalid("password must be specified unless you are updating an existing user")
            secret = given or (known.password if known else "")
            self._keep(User(username, secret, roles, full_name, email, dict(metadata or {}), enabled))
            return known is None

    def set_password(self, username: str, password: str) -> None:
        """Changes a password.

        Raises:
            RestError: 400, there is no such user.
        """
        secret = hashed(checked_password(password))
        with self._kept.lock:
            known = self._users.get(username)
            if known is None:
                raise _invalid("user must exist in order to change password")
            self._keep(replace(known, password=secret))

    def set_enabled(self, username: str, enabled: bool) -> None:
        """Lets a user in, or shuts them out.

        Raises:
            RestError: 400, there is no such user.
        """
        with self._kept.lock:
            known = self._users.get(username)
            if known is None:
                raise _invalid(f"only existing users can be {'enabled' if enabled else 'disabled'}")
            self._keep(replace(known, enabled=enabled))

    def remove(self, username: str) -> bool:
        """Forgets a user; False when there is none.

        Raises:
            RestError: 400, it is a built-in one.
        """
        if username == ELASTIC:
            raise RestError(400, "illegal_argument_exception", f"user [{username}] is reserved and cannot be deleted")
        with self._kept.lock:
            if username not in self._users:
                return False
            self._kept.remove("user", username)
            del self._users[username]
            return True

    def _keep(self, user: User) -> None:
        self._kept.put("user", user.username, {**user.described(), "password": user.password})
        self._users[user.username] = user


def checked_password(password: str) -> str:
    """A password that is long enough.

    Raises:
        RestError: 400, it is not.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise _invalid(f"passwords must be at least [{SHORTEST_PASSWORD}] characters long")
    return password


def _invalid(problem: str) -> RestError:
    return validation_failed([problem], "validation_exception")


def _from_kept(username: str, body: dict[str, Any]) -> User:
    return User(
        username,
        body["password"],
        tuple(body["roles"]),
        body["full_name"],
        body["email"],
        body["metadata"],
        body["enabled"],
    )
