"""The security of one pond: what it keeps, who is there at first, and the way of a request through it."""

from __future__ import annotations

import secrets
from pathlib import Path

from headpond.node.call import Call
from headpond.node.http import Request
from headpond.node.security.api_keys import ApiKeys
from headpond.node.security.authentication import Authentication
from headpond.node.security.authorization import authorize
from headpond.node.security.kept import Kept
from headpond.node.security.roles import Roles
from headpond.node.security.secret_hash import matches
from headpond.node.security.subject import Subject
from headpond.node.security.users import ELASTIC, Users, checked_password
from headpond.node.store.indices import Indices


class Security:
    """Users, roles and API keys, and what they decide.

    Args:
        folder: the pond's; None keeps everything in memory.
        indices: those of the node.
        password: of the user `elastic`, taken when there is no such user yet; None makes one up.

    Attributes:
        users: who may send a name and a password.
        roles: what may be given to them.
        keys: API keys.
        is_new: whether the user `elastic` was made just now.

    Raises:
        RestError: the password is too short.
        TargetError: the file cannot be opened.
    """

    def __init__(self, folder: Path | None, indices: Indices, password: str | None = None) -> None:
        if password is not None:
            checked_password(password)
        self._indices = indices
        self._kept = Kept(folder)
        self.users = Users(self._kept)
        self.roles = Roles(self._kept)
        self.keys = ApiKeys(self._kept)
        self._authentication = Authentication(self.users, self.roles, self.keys)
        self._made_up: str | None = None
        self.is_new = self.users.get(ELASTIC) is None
        if self.is_new:
            self._made_up = secrets.token_urlsafe(15) if password is None else None
            self._make_elastic(password or self._made_up or "")

    def _make_elastic(self, password: str) -> None:
        self.users.put(ELASTIC, password, roles=("superuser",), metadata={"_reserved": True})

    def take_password(self) -> str | None:
        """The password that was made up for `elastic`, to be shown to a person; it is given once and kept nowhere."""
        password, self._made_up = self._made_up, None
        return password

    def reset_password(self, password: str | None = None) -> None:
        """Lets `elastic` in with another password; None makes one up, for `take_password`.

        Raises:
            RestError: the password is too short.
        """
        if password is None:
            password = self._made_up = secrets.token_urlsafe(15)
        self.users.set_password(ELASTIC, password)
        self.users.set_enabled(ELASTIC, True)

    def is_password(self, password: str) -> bool:
        """Whether this is the password of `elastic`."""
        elastic = self.users.get(ELASTIC)
        return elastic is not None and matches(password, elastic.password)

    def authenticate(self, request: Request) -> Subject:
        """Who sent a request.

        Raises:
            Refusal: 401.
        """
        return self._authentication.subject(request)

    def authorize(self, subject: Subject, action: str, call: Call) -> Call:
        """The call as its sender may have it answered.

        Raises:
            RestError: 403, it is not allowed; 404, nothing that is allowed matches where something must.
        """
        return authorize(subject, action, call, self._indices)

    def close(self) -> None:
        """Closes the file."""
        self._kept.close()
