"""Hits as the answer shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from headpond.node.query.base import Query
from headpond.node.search.docvalues import docvalues
from headpond.node.search.field_values import FieldValues
from headpond.node.search.found import Found
from headpond.node.search.request import SearchRequest
from headpond.node.search.shard import Shard
from headpond.node.search.sorted import shown_values
from headpond.node.search.source_filter import SourceFilter
from headpond.node.store.segment import Bool


@dataclass(frozen=True)
class Fetch:
    """Reads the documents of a search's hits.

    Attributes:
        shards: where they are.
        request: what is to be shown.
    """

    shards: list[Shard]
    request: SearchRequest

    def hits(self, found: Sequence[Found]) -> list[dict[str, Any]]:
        """One object for each hit, members in Elasticsearch's order."""
        named = self._named(sorted({hit.place.shard for hit in found}))
        return [self._hit(hit, named) for hit in found]

    def _hit(self, found: Found, named: dict[int, list[tuple[str, list[Bool]]]]) -> dict[str, Any]:
        request, shard = self.request, self.shards[found.place.shard]
        number = shard.leaf_number(found.place.doc)
        leaf = shard.leaves[number]
        ordinal = found.place.doc - leaf.base
        hit: dict[str, Any] = {"_index": shard.index.name}
        if request.stored_fields != "_none_":
            hit["_id"] = leaf.segment.ids[ordinal]
        if request.version:
            hit["_version"] = shard.index.version(leaf.segment, ordinal)
        if request.seq_no_primary_term:
            hit |= {"_seq_no": int(leaf.segment.seq_nos[ordinal]), "_primary_term": 1}
        hit["_score"] = None if isnan(found.score) else np.float32(found.score)
        if ignored := leaf.segment.strings("_ignored", ordinal):
            hit["_ignored"] = ignored
        if routing := leaf.segment.strings("_routing", ordinal):
            hit["_routing"] = routing[0]
        source_filter = self._source_filter()
        if source_filter.enabled:
            source = shard.index.source(leaf.segment, ordinal, vectors=source_filter.with_vectors)
            if source is not None:
                hit["_source"] = source_filter(source)
        fields = self._fields(shard, number, ordinal)
        if fields:
            hit["fields"] = fields
        if found.sort is not None:
            hit["sort"] = shown_values(found.sort)
        matched = [name for name, masks in named[found.place.shard] if masks[number][ordinal]]
        if matched:
            hit["matched_queries"] = matched
        return hit

    def _source_filter(self) -> SourceFilter:
        if self.request.source is not None:
            return self.request.source
        return SourceFilter(enabled=self.request.stored_fields is None)

    def _fields(self, shard: Shard, number: int, ordinal: int) -> dict[str, list[Any]]:
        request, leaf = self.request, shard.leaves[number]
        shown: dict[str, list[Any]] = {}
        if request.docvalue_fields:
            shown |= docvalues(shard, leaf, ordinal, request.docvalue_fields)
        if request.fields:
            source = shard.index.source(leaf.segment, ordinal, vectors=True) or {}
            shown |= FieldValues(shard.mapping).matching(source, request.fields)
            if "_id" in request.fields:
                shown["_id"] = [leaf.segment.ids[ordinal]]
        return shown

    def _named(self, numbers: Sequence[int]) -> dict[int, list[tuple[str, list[Bool]]]]:
        """For each shard, which documents the queries with a `_name` match."""
        queries: list[tuple[str, Query]] = []
        for query in (self.request.query, self.request.post_filter):
            queries += query.named() if query is not None else ()
        return {
            number: [(name, [match.mask for match in query.run(self.shards[number])]) for name, query in queries]
            for number in numbers
        }
