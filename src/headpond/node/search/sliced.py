"""`slice`: one of several parts of a search, which together are the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headpond.errors import RestError
from headpond.node.query._object import NUMBERS, TEXTS, Member, read_members
from headpond.node.search.json import Json
from headpond.node.search.shard import Leaf, Shard
from headpond.node.store.segment import Bool


@dataclass(frozen=True, slots=True)
class Slice:
    """One of `max` parts.

    Attributes:
        id: which part, from 0.
        max: how many there are.
    """

    id: int
    max: int

    def mask(self, shard: Shard, leaf: Leaf, shards: int) -> Bool:
        """bool[max_doc]: the documents of the part in one segment.

        With more shards than parts a part is whole shards, else shards are cut into runs of documents, as
        Elasticsearch's SliceBuilder does it.

        Args:
            shard: one of those that are searched.
            leaf: one of its segments.
            shards: how many are searched.
        """
        size = leaf.segment.max_doc
        if self.max < shards:
            return np.full(size, shard.number % self.max == self.id, np.bool_)
        if self.id % shards != shard.number:
            return np.zeros(size, np.bool_)
        parts = self.max // shards + (self.max % shards > shard.number)
        documents = sum(one.segment.max_doc for one in shard.leaves)
        length, longer = divmod(documents, parts)
        part = self.id // shards
        first = part * length + min(part, longer)
        last = first + length + (part < longer)
        ordinals = np.arange(leaf.base, leaf.base + size)
        mask: Bool = (ordinals >= first) & (ordinals < last)
        return mask


def read_slice(source: Json) -> Slice:
    """Reads `{"id": 0, "max": 4}`.

    Raises:
        RestError: 400 for what is malformed, 501 for parts by a field.
    """
    read: dict[str, int] = {}
    members = {
        "field": Member(TEXTS, _refused),
        "id": Member(NUMBERS, lambda value: read.setdefault("id", _part(value.integer(), read))),
        "max": Member(NUMBERS, lambda value: read.setdefault("max", _parts(value.integer(), read))),
    }
    read_members(source, "slice", members)
    return Slice(read.get("id", -1), read.get("max", -1))


def _part(id: int, read: dict[str, int]) -> int:
    if id < 0:
        raise _illegal("id must be greater than or equal to 0")
    if "max" in read and id >= read["max"]:
        raise _illegal("max must be greater than id")
    return id


def _parts(number: int, read: dict[str, int]) -> int:
    if number <= 1:
        raise _illegal("max must be greater than 1")
    if read.get("id", -1) >= number:
        raise _illegal("max must be greater than id")
    return number


def _refused(source: Json) -> Any:
    raise RestError(501, "not_implemented_exception", "the option [field] of [slice] is not implemented")


def _illegal(reason: str) -> RestError:
    return RestError(400, "illegal_argument_exception", reason)
