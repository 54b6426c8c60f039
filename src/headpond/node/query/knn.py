"""`knn`: documents whose vectors are nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from headpond.errors import RestError
from headpond.node.mapping.types.dense_vector import DenseVector
from headpond.node.query._knn_body import KnnBody, read_knn
from headpond.node.query._value import no_match
from headpond.node.query.base import Query
from headpond.node.scoring.join import of_kind, parents_of
from headpond.node.scoring.match import Match
from headpond.node.scoring.nearest import nearest
from headpond.node.scoring.similarity import least_score, scores
from headpond.node.scoring.vector import query_vector
from headpond.node.search.json import Json
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Leaf, Shard
from headpond.node.store.segment import Bool


@dataclass(frozen=True, kw_only=True)
class Knn(Query):
    """The `k` nearest documents of each shard; fields indexed as `flat` give every document that has a vector.

    Attributes:
        body: what is looked for.
        filter: only documents that match all of these count as neighbours.
        unlimited: whether every document is wanted, whatever `k` says.
    """

    body: KnnBody
    filter: tuple[Query, ...] = ()
    unlimited: bool = False

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"field": "v", "query_vector": [...], "k": 10, "num_candidates": 50, "filter": [...]}`."""
        values = read_knn(source)
        return cls(**values)

    def rewrite(self, rewriter: Rewriter) -> Query:
        """The query with its text embedded."""
        rewritten = super().rewrite(rewriter)
        builder = self.body.builder
        if builder is None or not isinstance(rewritten, Knn):
            return rewritten
        vector = rewriter.embed(builder.model_id, builder.text)
        return replace(rewritten, body=replace(self.body, vector=vector, builder=None))

    def run(self, shard: Shard) -> list[Match]:
        """The nearest documents; of nested objects the best one of each document."""
        field = shard.field(self.body.field)
        if field is None:
            return no_match(shard)
        if not isinstance(field, DenseVector):
            reason = "[knn] queries are only supported on [dense_vector] fields"
            raise shard.failed(RestError(400, "illegal_argument_exception", reason))
        found = [
            best_of_each(leaf, match) if shard.mapping.nested_path_of(field.path) else match
            for leaf, match in zip(shard.leaves, self.candidates(shard, field), strict=True)
        ]
        if not self.unlimited and not is_flat(field):
            found = nearest(found, self.body.k or shard.size)
        return [match.times(self.boost) for match in found]

    def candidates(self, shard: Shard, field: DenseVector) -> list[Match]:
        """Everything with a vector that may count as a neighbour, several nested objects of a document included.

        Raises:
            RestError: 400, the field is not indexed or the vector does not suit it.
        """
        if not field.indexed:
            reason = f"to perform knn search on field [{field.path}], its mapping must have [index] set to [true]"
            raise shard.failed(RestError(400, "illegal_argument_exception", reason))
        vector = self._vector(shard, field)
        similarity = field.similarity or "cosine"
        path = shard.mapping.nested_path_of(field.path) or ""
        filters = self._filters(shard, path)
        threshold = -np.inf
        if self.body.similarity is not None:
            dims = len(vector) * (8 if field.element_type == "bit" else 1)
            threshold = least_score(self.body.similarity, similarity, field.element_type, dims)
        found = []
        for number, leaf in enumerate(shard.leaves):
            match = Match(np.zeros(leaf.segment.max_doc, np.bool_), np.zeros(leaf.segment.max_doc, np.float32))
            vectors = leaf.segment.dense.get(field.path)
            if vectors is not None:
                allowed = leaf.live & of_kind(leaf.segment, path)
                for clause in filters:
                    allowed &= clause[number]
                values = scores(vectors, vector, similarity, field.element_type)
                kept = allowed[vectors.docs] & (values >= np.float32(threshold))
                match.mask[vectors.docs[kept]] = True
                match.scores[vectors.docs[kept]] = values[kept]
            found.append(match)
        return found

    def _vector(self, shard: Shard, field: DenseVector) -> np.ndarray[Any, Any]:
        if self.body.vector is None:
            raise RestError(500, "illegal_state_exception", "query_vector_builder has not been rewritten")
        try:
            return query_vector(field, self.body.vector)
        except RestError as error:
            raise shard.failed(error) from None

    def _filters(self, shard: Shard, path: str) -> list[Sequence[Bool]]:
        """For each filter the documents it lets through; for nested vectors, a filter on whole documents goes down."""
        found: list[Sequence[Bool]] = []
        for query in self.filter:
            inside = [match.mask for match in query.run(shard.inside(path) if path else shard)]
            if path:
                whole = [match.mask for match in query.run(shard.inside(""))]
                inside = [
                    own | (top & (leaf.segment.kinds == 0))[leaf.segment.roots]
                    for own, top, leaf in zip(inside, whole, shard.leaves, strict=True)
                ]
            found.append(inside)
        return found


def is_flat(field: DenseVector) -> bool:
    """Whether the field is indexed for exact search, where a knn query matches all documents with a vector."""
    options = field.option("index_options") or {}
    return str(options.get("type", "")).endswith("flat")


def best_of_each(leaf: Leaf, match: Match) -> Match:
    """Of the nested objects of each document only the best one, the first of equals."""
    docs = np.flatnonzero(match.mask)
    if not len(docs):
        return match
    parents = parents_of(leaf.segment, docs, "")
    order = np.lexsort((docs, -match.scores[docs], parents))
    _, first = np.unique(parents[order], return_index=True)
    mask = np.zeros(len(match.mask), np.bool_)
    mask[docs[order[first]]] = True
    return match.within(mask)
