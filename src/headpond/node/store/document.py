"""A document as a get sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headpond import exact_json
from headpond.node.store.vectors_blob import put_vectors


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is now, refreshed or not.

    Attributes:
        id: its id.
        seq_no: number of its last operation.
        version: its version.
        routing: the routing it was written with.
        raw: the source without vectors, as JSON.
        blob: its vectors, as `vectors_blob` has them.
        shown: turns both into the source.
    """

    id: str
    seq_no: int
    version: int
    routing: str | None
    raw: bytes
    blob: bytes
    shown: Callable[[bytes, bytes], dict[str, Any]]

    def source(self, *, vectors: bool = False) -> dict[str, Any]:
        """The parsed source as the mapping's `_source` lets it be seen; with `vectors`, dense ones are arrays."""
        return self.shown(self.raw, self.blob if vectors else b"")

    def whole(self) -> dict[str, Any]:
        """All that was sent, for a partial update; vectors are lists."""
        return put_vectors(exact_json.loads(self.raw), self.blob, exact=True)
