"""What retrievers need besides their own bodies."""

from __future__ import annotations

from dataclasses import dataclass

from headpond.node.search.field_values import FieldValues
from headpond.node.search.found import Place
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard


@dataclass(frozen=True, slots=True)
class Context:
    """One search.

    Attributes:
        shards: where it looks.
        rewriter: asks inference endpoints.
    """

    shards: list[Shard]
    rewriter: Rewriter

    def text(self, place: Place, path: str) -> str | None:
        """The first value of a field in a document, as text; None when it has none."""
        shard = self.shards[place.shard]
        leaf = shard.leaves[shard.leaf_number(place.doc)]
        source = shard.index.source(leaf.segment, place.doc - leaf.base)
        values = FieldValues(shard.mapping).of(source or {}, path)
        return None if not values else str(values[0])
