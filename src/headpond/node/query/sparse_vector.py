"""`sparse_vector`: documents by weighted tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from headpond.errors import RestError
from headpond.node.mapping.types.sparse_vector import SparseVector as SparseVectorType
from headpond.node.query._object import OBJECTS, Member, boolean, failed_build, read_object, text
from headpond.node.query._value import no_match
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match, single
from headpond.node.scoring.pruning import Pruning, read_pruning, split
from headpond.node.search.json import Json, MisplacedError
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class SparseVector(Query):
    """Documents that hold any of the tokens; the score is the sum of query weight times stored weight.

    Attributes:
        vector: weight of each token; None while there is a text.
        inference_id: the endpoint that turns the text into a vector.
        text: what is looked for.
        prune: whether tokens that say little are left out; the field's own setting when None.
        pruning: which tokens those are; the field's own setting when None.
    """

    field: str
    vector: tuple[tuple[str, float], ...] | None = None
    inference_id: str | None = None
    text: str | None = None
    prune: bool | None = None
    pruning: Pruning | None = None

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"field": "s", "query_vector": {...}}` or `{"field": "s", "inference_id": "x", "query": "text"}`."""
        members = {
            "field": text(),
            "query_vector": Member(OBJECTS, lambda value: list(value.members())),
            "inference_id": text(),
            "query": text(),
            "prune": boolean(),
            "pruning_config": Member(OBJECTS, read_pruning),
        }
        values: dict[str, Any] = read_object(source, "sparse_vector", members)
        if "field" not in values:
            cause = RestError(400, "illegal_argument_exception", "Required [field]")
            raise MisplacedError("parsing_exception", "Required [field]", source, "end", caused_by=cause)
        problem = _problem(values)
        if problem is not None:
            raise failed_build(source, "sparse_vector", problem, wrapped=True)
        vector = values.pop("query_vector", None)
        if vector is not None:
            values["vector"] = tuple((token, float(weight.value)) for token, weight in vector)
        for old, new in (("query", "text"), ("pruning_config", "pruning")):
            if old in values:
                values[new] = values.pop(old)
        return cls(**values)

    def rewrite(self, rewriter: Rewriter) -> Query:
        """The query with its text turned into weighted tokens."""
        if self.vector is not None or self.text is None:
            return self
        if self.inference_id is None:
            reason = "inference_id required to perform vector search on query string"
            raise RestError(400, "illegal_argument_exception", reason)
        return replace(self, vector=rewriter.weigh(self.inference_id, self.text), text=None)

    def run(self, shard: Shard) -> list[Match]:
        """The documents with any of the tokens."""
        field = shard.field(self.field)
        if field is None:
            return no_match(shard)
        if not isinstance(field, SparseVectorType):
            reason = f"field [{self.field}] must be type [sparse_vector] but is type [{field.type}]"
            raise shard.failed(RestError(400, "illegal_argument_exception", reason))
        tokens = self.vector or ()
        negative = next((weight for _, weight in tokens if weight < 0), None)
        if negative is not None:
            reason = f"boost must be a positive float, got {negative}"
            raise shard.failed(RestError(400, "illegal_argument_exception", reason))
        pruning = self._pruning(field)
        if pruning is not None:
            tokens = split(shard, field.path, tokens, pruning)
        return [match.times(self.boost) for match in _sum(shard, field.path, tokens)]

    def _pruning(self, field: SparseVectorType) -> Pruning | None:
        options = field.option("index_options") or {}
        wanted = self.prune if self.prune is not None else options.get("prune", True)
        if wanted not in (True, "true"):
            return None
        if self.pruning is not None:
            return self.pruning
        configured = options.get("pruning_config")
        return read_pruning(Json(configured)) if configured else Pruning()


def _problem(values: dict[str, Any]) -> str | None:
    given = [name for name in ("query_vector", "inference_id") if name in values]
    if len(given) != 1 or ("inference_id" in values and "query" not in values):
        if not given and "query" in values:
            return None
        return "[sparse_vector] requires one of [query_vector] or [inference_id] for sparse_vector fields"
    for _, weight in values.get("query_vector", ()):
        if weight.token != "VALUE_NUMBER":
            shown = weight.text() if weight.is_scalar and weight.value is not None else str(weight.value)
            return f"weight must be a number, was [{shown}]"
    return None


def _sum(shard: Shard, path: str, tokens: tuple[tuple[str, float], ...]) -> list[Match]:
    found = []
    for leaf in shard.leaves:
        size = leaf.segment.max_doc
        mask, total = np.zeros(size, np.bool_), np.zeros(size, np.float64)
        weights = leaf.segment.sparse.get(path)
        for token, weight in tokens if weights is not None else ():
            row = weights.rows.get(token) if weights is not None else None
            if weights is None or row is None:
                continue
            entries = slice(weights.starts[row], weights.starts[row + 1])
            docs = weights.docs[entries]
            mask[docs] = True
            total[docs] += single(weight) * weights.weights[entries]
        found.append(Match(mask, total.astype(np.float32)))
    return found
