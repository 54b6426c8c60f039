"""`collapse`: only the best document of each value of a field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.query._object import TEXTS, Member, integer, read_members
from headpond.node.search.found import Found, Masks
from headpond.node.search.json import Json
from headpond.node.search.shard import Leaf, Shard
from headpond.node.search.sort import SortKey

_TYPES = frozenset({"byte", "double", "float", "half_float", "integer", "keyword", "long", "short"})
_FIRST_LOOK = 4
"""Documents looked at first for each group that is wanted; four times as many whenever these are too few."""


@dataclass(frozen=True, slots=True)
class Collapse:
    """What a search collapses by.

    Attributes:
        field: a keyword or number field with one value at most in each document; those without form one group.
    """

    field: str

    def value(self, leaf: Leaf, ordinal: int) -> Any:
        """The value of a document, None where it has none."""
        column = leaf.segment.columns.get(self.field)
        if column is None or column.starts[ordinal] == column.starts[ordinal + 1]:
            return None
        value = column.values[column.starts[ordinal]].item()
        return value if column.dictionary is None else column.dictionary[value]

    def check(self, shards: list[Shard], matched: Masks, sort: tuple[SortKey, ...], after: object) -> None:
        """Checks the field of each index, and the order.

        Raises:
            RestError: 400, a field cannot be collapsed by, a document has several values, or `search_after` does not
                go with it.
        """
        if after is not None and [key.field for key in sort] != [self.field]:
            reason = "Cannot use [collapse] in conjunction with [search_after] unless the search is sorted on the same"
            raise illegal_argument(f"{reason} field. Multiple sort fields are not allowed.")
        for shard, masks in zip(shards, matched, strict=True):
            self._check_field(shard)
            for leaf, mask in zip(shard.leaves, masks, strict=True):
                column = leaf.segment.columns.get(self.field)
                if column is None:
                    continue
                several = np.flatnonzero(mask & (np.diff(column.starts) > 1))
                if len(several):
                    reason = f"failed to extract doc:{several[0]}, the grouping field must be single valued"
                    raise illegal_argument(reason)

    def _groups(self, shards: list[Shard], matched: Masks) -> int:
        """How many groups there are."""
        seen: set[Any] = set()
        for shard, masks in zip(shards, matched, strict=True):
            for leaf, mask in zip(shard.leaves, masks, strict=True):
                column = leaf.segment.columns.get(self.field)
                has = np.zeros(len(mask), np.bool_) if column is None else np.diff(column.starts) > 0
                seen |= {None} if (mask & ~has).any() else set()
                if column is not None:
                    values = np.unique(column.values[column.starts[:-1][mask & has]]).tolist()
                    seen |= set(values if column.dictionary is None else (column.dictionary[at] for at in values))
        return len(seen)

    def _check_field(self, shard: Shard) -> None:
        field = shard.field(self.field)
        kind = field.type if field is not None else self.field if self.field in ("_id", "_index") else None
        if kind is None:
            raise illegal_argument(f"no mapping found for `{self.field}` in order to collapse on")
        if field is None or kind not in _TYPES:
            raise illegal_argument(f"collapse is not supported for the field [{self.field}] of the type [{kind}]")
        if not field.option("doc_values"):
            raise illegal_argument(f"cannot collapse on field `{self.field}` without `doc_values`")

    def best(self, shards: list[Shard], matched: Masks, rank: Callable[[int], list[Found]], size: int) -> list[Found]:
        """The best document of each of the `size` first groups.

        Args:
            shards: where the documents are.
            matched: the documents.
            rank: gives as many of the best of them as it is asked for.
            size: how many groups.
        """
        size = min(size, self._groups(shards, matched))
        look = max(size * _FIRST_LOOK, 1)
        while True:
            found = rank(look)
            kept: dict[Any, Found] = {}
            for hit in found:
                shard = shards[hit.place.shard]
                leaf = shard.leaves[shard.leaf_number(hit.place.doc)]
                kept.setdefault(self.value(leaf, hit.place.doc - leaf.base), hit)
            if len(kept) >= size or len(found) < look:
                return list(kept.values())[:size]
            look *= 4


def read_collapse(source: Json) -> Collapse:
    """Reads `{"field": "group"}`.

    Raises:
        RestError: 400 for what Elasticsearch does not know, 501 for `inner_hits`.
    """
    members = {
        "field": Member(TEXTS, Json.text),
        "max_concurrent_group_searches": integer(),
        "inner_hits": Member(frozenset({"START_OBJECT", "START_ARRAY"}), _refuse),
        "collapse": Member(frozenset({"START_OBJECT"}), _refuse),
    }
    values = read_members(source, "collapse", members)
    if "field" not in values:
        raise illegal_argument("[collapse] needs a [field]")
    return Collapse(values["field"])


def _refuse(source: Json) -> None:
    raise RestError(501, "not_implemented_exception", f"[{source.name}] of [collapse] is not implemented")
