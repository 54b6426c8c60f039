"""A role: what its holders may do, as the bodies of roles and API keys describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headpond.errors import RestError
from headpond.inference.body import token
from headpond.node.security import cluster_privileges, index_privileges

OF_A_ROLE = frozenset({"cluster", "indices", "index", "applications", "run_as", "global", "metadata", "description",
                       "transient_metadata", "remote_indices", "remote_cluster"})  # fmt: skip
OF_A_KEY = OF_A_ROLE - {"description", "remote_indices", "remote_cluster", "global"}
NOT_SUPPORTED = ("applications", "run_as", "global", "remote_indices", "remote_cluster")
NAME_LENGTH = 507


@dataclass(frozen=True, slots=True)
class IndexGrant:
    """Privileges on the indices and aliases that some names mean."""

    names: tuple[str, ...]
    privileges: tuple[str, ...]
    allow_restricted_indices: bool = False

    def described(self) -> dict[str, Any]:
        """As Elasticsearch shows it."""
        return {
            "names": list(self.names),
            "privileges": list(self.privileges),
            "allow_restricted_indices": self.allow_restricted_indices,
        }


@dataclass(frozen=True, slots=True)
class Role:
    """A role, or one of the role descriptors of an API key.

    Attributes:
        cluster: cluster privileges.
        indices: privileges on indices.
        metadata: kept and shown.
        description: kept and shown.
    """

    cluster: tuple[str, ...] = ()
    indices: tuple[IndexGrant, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    description: str | None = None

    @property
    def grants_nothing(self) -> bool:
        """Whether there is no privilege in it."""
        return not self.cluster and not self.indices

    def described(self) -> dict[str, Any]:
        """As Elasticsearch shows it."""
        body: dict[str, Any] = {
            "cluster": list(self.cluster),
            "indices": [grant.described() for grant in self.indices],
            "applications": [],
            "run_as": [],
            "metadata": dict(self.metadata),
            "transient_metadata": {"enabled": True},
        }
        return body if self.description is None else {**body, "description": self.description}


def read_role(name: str, body: Any, *, known: frozenset[str] = OF_A_ROLE) -> Role:
    """Reads a role.

    Args:
        name: of the role, for errors.
        body: the parsed JSON.
        known: the members it may have: `OF_A_ROLE` or `OF_A_KEY`.

    Raises:
        RestError: 400, it is malformed; 501, it asks for what the pond does not have.
    """
    if not isinstance(body, Mapping):
        raise _parse(f"failed to parse role [{name}]. expected an object but found [{token(body)}] instead")
    for key in body:
        if key not in known:
            raise _parse(f"failed to parse role [{name}]. unexpected field [{key}]")
    for key in NOT_SUPPORTED:
        if body.get(key):
            raise _not_supported(f"[{key}] of role [{name}]")
    metadata = {} if body.get("metadata") is None else body["metadata"]
    if not isinstance(metadata, Mapping):
        raise _parse(f"expected field [metadata] to be of type object, but found [{token(metadata)}] instead")
    description = body.get("description")
    return Role(
        read_strings(name, "cluster", body.get("cluster")),
        read_grants(name, body.get("indices", body.get("index"))),
        dict(metadata),
        None if description is None else str(description),
    )


def read_grants(name: str, value: Any) -> tuple[IndexGrant, ...]:
    """Reads the privileges on indices of a role.

    Raises:
        RestError: 400, they are malformed; 501, they ask for what the pond does not have.
    """
    start = f"failed to parse indices privileges for role [{name}]"
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _parse(f"{start}. expected field [indices] value to be an array, but found [{token(value)}] instead")
    return tuple(_grant(name, start, entry) for entry in value)


def _grant(name: str, start: str, entry: Any) -> IndexGrant:
    if not isinstance(entry, Mapping):
        raise _parse(f"{start}. expected value to be an object, but found [{token(entry)}] instead")
    for key, value in entry.items():
        if key in ("query", "field_security"):
            if value:
                raise _not_supported(f"document and field level security [{key}] of role [{name}]")
        elif key not in ("names", "privileges", "allow_restricted_indices"):
            raise _parse(f"{start}. unexpected field [{key}]")
    names = entry.get("names")
    for key in ("names", "privileges"):
        if entry.get(key) is None:
            raise _parse(f"{start}. missing required [{key}] field")
        if entry[key] == []:
            raise _parse(f"{start}. [{key}] cannot be an empty array")
    listed = (names,) if isinstance(names, str) else read_strings(name, "names", names)
    for given in listed:
        if given.startswith("/"):
            raise _not_supported(f"the regular expression [{given}] as an index name")
    restricted = entry.get("allow_restricted_indices", False)
    return IndexGrant(listed, read_strings(name, "privileges", entry["privileges"]), restricted is True)


def read_strings(role: str, key: str, value: Any) -> tuple[str, ...]:
    """Reads a list of texts; None is an empty one.

    Raises:
        RestError: 400, it is something else.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _not_strings(role, key, f"found [{token(value)}] value instead")
    for item in value:
        if not isinstance(item, str):
            raise _not_strings(role, key, f"one of the value in the array is [{token(item)}]")
    return tuple(value)


def _not_strings(role: str, key: str, but: str) -> RestError:
    cause = _parse(f"could not parse [{key}] field. expected a string array but {but}")
    return RestError(400, "parse_exception", f"failed to parse role [{role}]", caused_by=cause)


def problems(role: Role) -> list[str]:
    """What makes a role invalid that could be read."""
    found = []
    if wrong := cluster_privileges.unknown(role.cluster):
        found.append(wrong)
    for grant in role.indices:
        found += [wrong for privilege in grant.privileges if (wrong := index_privileges.unknown(privilege))]
        found += [
            f"commas [,] are not allowed in the index name expression [{name}]" for name in grant.names if "," in name
        ]
    if any(key.startswith("_") for key in role.metadata):
        found.append("role descriptor metadata keys may not start with [_]")
    return found


def wrong_name(kind: str, name: str) -> str | None:
    """Why a name cannot be one of a user or a role; None when it can."""
    plain = all(" " <= character <= "~" for character in name)
    if plain and name == name.strip() and 1 <= len(name) <= NAME_LENGTH:
        return None
    return (
        f"{kind} names must be at least 1 and no more than {NAME_LENGTH} characters. They can contain alphanumeric "
        "characters (a-z, A-Z, 0-9), spaces, punctuation, and printable symbols in the Basic Latin (ASCII) block. "
        "Leading or trailing whitespace is not allowed."
    )


def _parse(reason: str) -> RestError:
    return RestError(400, "parse_exception", reason)


def _not_supported(what: str) -> RestError:
    return RestError(501, "not_implemented_exception", f"{what} is not supported by headpond")
