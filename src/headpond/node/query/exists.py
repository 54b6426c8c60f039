"""`exists`: documents that have a value in a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from headpond.errors import RestError
from headpond.node.query.base import Query, read_options
from headpond.node.scoring.match import Match, constant, everything
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard, mask_of

_EVERYWHERE = frozenset({"_id", "_index", "_source", "_seq_no", "_version", "_primary_term", "_routing"})


@dataclass(frozen=True, kw_only=True)
class Exists(Query):
    """Documents with at least one value in the field, or below the object, or in any field of the pattern."""

    field: str

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"field": "title"}`."""
        options: dict[str, Any] = read_options(source, "exists", {"field": Json.text})
        if not options.get("field"):
            if "field" in options:
                raise RestError(400, "illegal_argument_exception", "field name is null or empty")
            raise source.parsing_error("[exists] must be provided with a [field]", "end")
        return cls(**options)

    def run(self, shard: Shard) -> list[Match]:
        """The documents present in the field."""
        if self.field in _EVERYWHERE:
            return [everything(leaf.segment.max_doc, self.boost) for leaf in shard.leaves]
        fields = shard.mapping.fields_matching(self.field)
        paths = [field.path for field in fields] or [self.field]
        found = []
        for leaf in shard.leaves:
            mask = np.zeros(leaf.segment.max_doc, np.bool_)
            for path in paths:
                docs = leaf.segment.present.get(path)
                if docs is not None:
                    mask |= mask_of(docs, leaf.segment.max_doc)
            found.append(constant(mask, self.boost))
        return found
