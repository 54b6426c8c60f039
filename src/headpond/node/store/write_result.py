"""What a write answers, and the conditions a write may carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headpond.errors import RestError

PRIMARY_TERM = 1
"""A pond has one copy of each index and never elects another one."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """One acknowledged operation.

    Attributes:
        id: the document's id.
        version: its version after the operation.
        seq_no: the operation's number in its index.
        result: what happened.
    """

    id: str
    version: int
    seq_no: int
    result: Literal["created", "updated", "deleted", "not_found", "noop"]

    @property
    def status(self) -> int:
        """The HTTP status Elasticsearch gives it."""
        return {"created": 201, "not_found": 404}.get(self.result, 200)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold for a write to take place.

    Attributes:
        create: the document must not exist.
        if_seq_no: its last operation must have this number.
        if_primary_term: and this term.
        version: an external version, which must be higher.
        or_equal: the external version may also be equal (`external_gte`).
    """

    create: bool = False
    if_seq_no: int | None = None
    if_primary_term: int | None = None
    version: int | None = None
    or_equal: bool = False


ANY = Conditions()


@dataclass(frozen=True, slots=True)
class Current:
    """The last operation on an id.

    Attributes:
        seq_no: its number.
        version: the document's version after it.
        deleted: whether it was a delete.
        routing: the routing it was written with.
    """

    seq_no: int
    version: int
    deleted: bool
    routing: str | None = None


def check(id: str, conditions: Conditions, current: Current | None) -> str | None:
    """Why a write may not take place, in Elasticsearch's words; None when it may."""
    exists = current is not None and not current.deleted
    if conditions.create and exists and current is not None:
        return f"[{id}]: version conflict, document already exists (current version [{current.version}])"
    if conditions.if_seq_no is not None:
        wanted = f"required seqNo [{conditions.if_seq_no}], primary term [{conditions.if_primary_term}]"
        if not exists or current is None:
            return f"[{id}]: version conflict, {wanted}. but no document was found"
        if (current.seq_no, PRIMARY_TERM) != (conditions.if_seq_no, conditions.if_primary_term):
            return (
                f"[{id}]: version conflict, {wanted}. current document has seqNo [{current.seq_no}] and primary term "
                f"[{PRIMARY_TERM}]"
            )
    if conditions.version is not None and current is not None:
        fine = conditions.version > current.version or (conditions.or_equal and conditions.version == current.version)
        if not fine:
            than = "higher than" if conditions.or_equal else "higher or equal to"
            return (
                f"[{id}]: version conflict, current version [{current.version}] is {than} the one provided "
                f"[{conditions.version}]"
            )
    return None


def conflict(reason: str, index: str, uuid: str) -> RestError:
    """A 409 `version_conflict_engine_exception`."""
    return RestError(
        409,
        "version_conflict_engine_exception",
        reason,
        extra={"index_uuid": uuid, "shard": "0", "index": index},
    )
