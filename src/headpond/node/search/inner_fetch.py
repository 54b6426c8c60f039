"""The nested objects of hits, as the answer shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np

from headpond.node.scoring.join import of_kind, parents_of
from headpond.node.scoring.match import Match
from headpond.node.search.field_values import FieldValues
from headpond.node.search.found import Found
from headpond.node.search.inner_hits import InnerQuery, described, object_at
from headpond.node.search.shard import Leaf, Shard
from headpond.node.search.sorted import best_by_sort, shown_values
from headpond.node.search.top import best_by_score


@dataclass
class InnerFetch:
    """Finds the objects of one hit after the other; each query runs once in a shard.

    Attributes:
        queries: those with `inner_hits`.
    """

    queries: Sequence[InnerQuery]
    _found: dict[tuple[int, int], list[Match]] = field(default_factory=dict)

    def of(self, shard: Shard, number: int, ordinal: int) -> dict[str, Any]:
        """The answer's `inner_hits` of one document.

        Args:
            shard: where it is.
            number: its segment.
            ordinal: the document in it.
        """
        return {
            query.key: {"hits": self._hits(shard, number, ordinal, place, query)}
            for place, query in enumerate(self.queries)
        }

    def _hits(self, shard: Shard, number: int, ordinal: int, place: int, query: InnerQuery) -> dict[str, Any]:
        inside, leaf = shard.inside(query.path), shard.leaves[number]
        key = (shard.number, place)
        if key not in self._found:
            self._found[key] = query.run(inside)
        own = (leaf.segment.roots == ordinal) & of_kind(leaf.segment, query.path)
        matches = [
            match.within(own) if other == number else match.within(np.zeros(len(match.mask), np.bool_))
            for other, match in enumerate(self._found[key])
        ]
        wanted = query.hits.from_ + query.hits.size
        if query.hits.sort:
            found = best_by_sort([inside], [matches], query.hits.sort, wanted)
        else:
            found = best_by_score([inside], [matches], wanted)
        mask = matches[number].mask
        best = float(matches[number].scores[mask].max()) if mask.any() and query.hits.size else None
        return {
            "total": {"value": int(mask.sum()), "relation": "eq"},
            "max_score": None if best is None or query.hits.sort else np.float32(best),
            "hits": [self._hit(inside, leaf, hit, query) for hit in found[query.hits.from_ :]],
        }

    def _hit(self, shard: Shard, leaf: Leaf, found: Found, query: InnerQuery) -> dict[str, Any]:
        doc, wanted = found.place.doc - leaf.base, query.hits
        chain = chain_to(shard, leaf, doc)
        hit: dict[str, Any] = {"_index": shard.index.name, "_id": leaf.segment.ids[doc], "_nested": described(chain)}
        if wanted.version:
            hit["_version"] = shard.index.version(leaf.segment, doc)
        hit["_score"] = None if isnan(found.score) else np.float32(found.score)
        source = shard.index.source(leaf.segment, doc) if wanted.source.enabled or wanted.fields else None
        if wanted.source.enabled and source is not None:
            hit["_source"] = wanted.source(object_at(source, chain), query.path)
        if wanted.fields and source is not None:
            values = FieldValues(shard.mapping).matching(object_at(source, chain), wanted.fields, query.path)
            if values:
                inner = {path[len(query.path) + 1 :]: value for path, value in values.items()}
                hit["fields"] = {query.path: [inner]}
        if found.sort is not None:
            hit["sort"] = shown_values(found.sort)
        return hit


def chain_to(shard: Shard, leaf: Leaf, doc: int) -> list[tuple[str, int]]:
    """The way from the root to a nested document: relative paths with positions in their arrays."""
    chain: list[tuple[str, int]] = []
    while True:
        segment = leaf.segment
        path = segment.paths[segment.kinds[doc]]
        parent = path.rpartition(".")[0]
        outer = (shard.mapping.nested_path_of(parent) if parent else None) or ""
        chain.insert(0, (path[len(outer) + 1 :] if outer else path, int(segment.offsets[doc])))
        if not outer:
            return chain
        doc = int(parents_of(segment, np.array([doc], np.int64), outer)[0])
