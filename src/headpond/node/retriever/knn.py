"""`knn`: the nearest vectors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._knn_body import MEMBERS, build, problem_of
from headpond.node.query._object import failed_build, read_members
from headpond.node.query.knn import Knn
from headpond.node.retriever.base import COMMON, LeafRetriever
from headpond.node.search.json import Json
from headpond.node.search.knn_section import KnnSection
from headpond.node.search.leaf_search import LeafSearch
from headpond.node.search.rewriter import Rewriter


@dataclass(frozen=True, kw_only=True)
class KnnRetriever(LeafRetriever):
    """The `k` nearest documents. Its `min_score` does nothing, as in Elasticsearch.

    Attributes:
        section: what is near.
    """

    type = "knn"

    section: KnnSection

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"field": "v", "query_vector": [...], "k": 10, "num_candidates": 50}`."""
        members = {name: member for name, member in MEMBERS.items() if name not in ("boost", "inner_hits")}
        values: dict[str, Any] = read_members(source, "knn", {**members, **COMMON}, required=["field"])
        missing = [name for name in ("k", "num_candidates") if name not in values]
        if missing:
            raise RestError(400, "illegal_argument_exception", f"Required [{', '.join(missing)}]")
        neither = "either [query_vector] or [query_vector_builder] must be provided"
        problem = problem_of(values, neither)
        if problem is not None:
            if "must be provided" in problem:
                raise failed_build(source, "knn", problem, wrapped=False)
            raise RestError(400, "illegal_argument_exception", problem)
        query = Knn(**build({name: value for name, value in values.items() if name in members}))
        section = KnnSection(replace(query, filter=(), name=values.get("_name")), values["k"])
        return cls(
            section=section,
            filter=values.get("filter", ()),
            min_score=values.get("min_score"),
            name=values.get("_name"),
        )

    def rewrite(self, rewriter: Rewriter) -> KnnRetriever:
        """The retriever with its text embedded."""
        filters = tuple(query.rewrite(rewriter) for query in self.filter)
        return replace(self, section=self.section.rewrite(rewriter), filter=filters)

    def search(self) -> LeafSearch:
        """The search it stands for: the filters choose among which documents the nearest are sought."""
        return LeafSearch(knn=(self.section.filtered(self.filter),))
