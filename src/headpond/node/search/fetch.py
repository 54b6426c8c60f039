"""Hits as the answer shows them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from headpond.node.search.docvalues import docvalues
from headpond.node.search.field_values import FieldValues
from headpond.node.search.found import Found, Masks
from headpond.node.search.inner_fetch import InnerFetch
from headpond.node.search.inner_hits import InnerQuery
from headpond.node.search.request import SearchRequest
from headpond.node.search.shard import Shard
from headpond.node.search.sorted import shown_values
from headpond.node.search.source_filter import SourceFilter
from headpond.node.store.segment import Column


@dataclass(frozen=True)
class Fetch:
    """Reads the documents of a search's hits.

    Attributes:
        shards: where they are.
        request: what is to be shown.
        named: for each `_name` the documents that it matches.
        inner: queries whose nested objects are to be shown.
    """

    shards: list[Shard]
    request: SearchRequest
    named: Sequence[tuple[str, Masks]] = ()
    inner: Sequence[InnerQuery] = ()

    def hits(self, found: Sequence[Found]) -> list[dict[str, Any]]:
        """One object for each hit, members in Elasticsearch's order."""
        inner = InnerFetch(self.inner) if self.inner else None
        return [self._hit(hit, inner) for hit in found]

    def _hit(self, found: Found, inner: InnerFetch | None) -> dict[str, Any]:
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
        ignored = strings_of(leaf.segment.columns.get("_ignored"), ordinal)
        if ignored and request.stored_fields != "_none_":
            hit["_ignored"] = ignored
        if routing := strings_of(leaf.segment.columns.get("_routing"), ordinal):
            hit["_routing"] = routing[0]
        hit |= self._contents(shard, number, ordinal, frozenset(ignored))
        if found.sort is not None:
            hit["sort"] = shown_values(found.sort)
        matched = [name for name, masks in self.named if masks[found.place.shard][number][ordinal]]
        if matched:
            hit["matched_queries"] = matched
        if inner is not None:
            hit["inner_hits"] = inner.of(shard, number, ordinal)
        return hit

    def _contents(self, shard: Shard, number: int, ordinal: int, ignored: Set[str]) -> dict[str, Any]:
        request, segment = self.request, shard.leaves[number].segment
        wanted, shown = self._source_filter(), {}
        if wanted.enabled:
            source = shard.index.source(segment, ordinal, vectors=wanted.with_vectors)
            if source is not None:
                shown["_source"] = wanted(source)
        fields: dict[str, list[Any]] = {}
        if request.collapse is not None:
            group = request.collapse.value(shard.leaves[number], ordinal)
            fields |= {} if group is None else {request.collapse.field: [group]}
        if request.docvalue_fields:
            fields |= docvalues(shard, shard.leaves[number], ordinal, request.docvalue_fields)
        if request.fields:
            source = shard.index.source(segment, ordinal, vectors=True) or {}
            values = FieldValues(shard.mapping)
            fields |= values.matching(source, request.fields, ignored=ignored)
            if any(wanted.pattern == "_id" for wanted in request.fields):
                fields["_id"] = [segment.ids[ordinal]]
            fitting = (path for path in sorted(ignored) if values.fits(path, request.fields))
            left_out = {path: found for path in fitting if (found := values.of(source, path))}
            if left_out:
                shown["ignored_field_values"] = left_out
        return {**shown, "fields": fields} if fields else shown

    def _source_filter(self) -> SourceFilter:
        if self.request.source is not None:
            return self.request.source
        return SourceFilter(enabled=self.request.stored_fields is None)


def strings_of(column: Column | None, ordinal: int) -> list[str]:
    """The strings of one document in a column, ascending."""
    if column is None or column.dictionary is None:
        return []
    places = column.values[column.starts[ordinal] : column.starts[ordinal + 1]].tolist()
    return [column.dictionary[int(place)] for place in places]
