"""Who sent a request: reads the `Authorization` header and checks what it holds."""

from __future__ import annotations

import base64
import binascii
import string
from urllib.parse import quote

from headpond.errors import RestError
from headpond.node.http import Request
from headpond.node.security.api_keys import ApiKey, ApiKeys
from headpond.node.security.permission import LimitedPermission, RolePermission
from headpond.node.security.refusal import Refusal, unauthenticated
from headpond.node.security.roles import Roles
from headpond.node.security.secret_hash import Verifier
from headpond.node.security.subject import NATIVE_REALM, RESERVED_REALM, Subject
from headpond.node.security.users import User, Users

_BASE64 = set(string.ascii_letters + string.digits + "+/=")


class Authentication:
    """Turns credentials into subjects.

    Args:
        users: who may send a name and a password.
        roles: what they may do.
        keys: who may send an API key.
    """

    def __init__(self, users: Users, roles: Roles, keys: ApiKeys) -> None:
        self._users = users
        self._roles = roles
        self._keys = keys
        self._verifier = Verifier()

    def subject(self, request: Request) -> Subject:
        """Who sent a request.

        Raises:
            Refusal: 401, nobody said who they are, or what they said is not right.
        """
        scheme, _, value = request.headers.get("authorization", "").strip().partition(" ")
        value = value.strip()
        if value and scheme.lower() == "basic":
            return self._by_password(value, request)
        if value and scheme.lower() == "apikey":
            return self._by_key(value)
        if value and scheme.lower() == "bearer":
            raise _not_taken("oauth2 token: invalid token")
        raise unauthenticated(f"missing authentication credentials for REST request [{_uri(request)}]")

    def _by_password(self, value: str, request: Request) -> Subject:
        try:
            decoded = base64.b64decode(value, validate=True).decode()
        except binascii.Error:
            wrong = next((character for character in value if character not in _BASE64), None)
            text = "Input byte array has wrong ending" if wrong is None else f"Illegal base64 character {ord(wrong):x}"
            cause = RestError(400, "illegal_argument_exception", text)
            raise unauthenticated("invalid basic authentication header encoding", caused_by=cause) from None
        except UnicodeDecodeError:
            raise unauthenticated("invalid basic authentication header value") from None
        username, colon, password = decoded.partition(":")
        if not colon:
            raise unauthenticated("invalid basic authentication header value")
        user = self._users.get(username)
        right = self._verifier.check(password, user.password if user else None)
        if user is None or not right or not user.enabled:
            raise unauthenticated(f"unable to authenticate user [{username}] for REST request [{_uri(request)}]")
        return self._subject_of(user)

    def _subject_of(self, user: User) -> Subject:
        found = self._roles.found(user.roles)
        return Subject(
            user.username,
            RolePermission(found.values()),
            RESERVED_REALM if user.reserved else NATIVE_REALM,
            user.roles,
            tuple(found),
            user.full_name,
            user.email,
            user.metadata,
        )

    def _by_key(self, value: str) -> Subject:
        try:
            id, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            raise _not_taken("API key: invalid ApiKey value") from None
        if not id or not colon:
            raise _not_taken("API key: invalid ApiKey value")
        key = self._keys.get(id)
        if key is not None and key.invalidation is not None:
            raise _not_taken(f"API key: api key [{id}] has been invalidated")
        right = self._verifier.check(secret, key.secret if key else None)
        if key is None:
            raise _not_taken(f"API key: unable to find apikey with id {id}")
        if not right:
            raise _not_taken(f"API key: invalid credentials for API key [{id}]")
        if key.expired:
            raise _not_taken("API key: api key is expired")
        return _subject_of_key(key)


def _subject_of_key(key: ApiKey) -> Subject:
    limit = RolePermission(key.limited_by.values())
    assigned = RolePermission(key.roles.values())
    return Subject(
        key.username,
        LimitedPermission(assigned, limit) if key.roles else limit,
        key.realm,
        full_name=key.owner["full_name"],
        email=key.owner["email"],
        metadata=key.owner["metadata"],
        key_id=key.id,
        key_name=key.name,
        limited=bool(key.roles),
    )


def _not_taken(why: str) -> Refusal:
    reason = "unable to authenticate with provided credentials and anonymous access is not allowed for this request"
    return unauthenticated(reason, credentials=why)


def _uri(request: Request) -> str:
    """Path and query as they were sent, as far as the node was told."""
    query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe=',*:')}" if value else quote(name, safe="")
        for name, value in request.query.items()
    )
    return f"{request.path}?{query}" if query else request.path
