"""`rrf`: reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._object import Member, integer, read_members
from headpond.node.retriever._component import Component, check_retrievers, read_components, simplified
from headpond.node.retriever._compound import MEMBERS, CompoundRetriever, fused, leg_of
from headpond.node.retriever._context import Context
from headpond.node.retriever.base import renamed
from headpond.node.search.found import Found, Results
from headpond.node.search.json import Json
from headpond.ranking import RANK_CONSTANT, rrf


@dataclass(frozen=True, kw_only=True)
class Rrf(CompoundRetriever):
    """Joins the children by the places of the documents, not by their scores.

    Equal scores are ordered by index, then by document, as Elasticsearch orders them.

    Attributes:
        rank_constant: how slowly the share of lower places falls.
        weights: one for each child.
    """

    type = "rrf"

    rank_constant: int = RANK_CONSTANT
    weights: tuple[float, ...]

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"retrievers": [...], "rank_constant": 60, "rank_window_size": 10}`."""
        members = {
            **MEMBERS,
            **simplified("rrf"),
            "retrievers": Member(frozenset({"START_ARRAY"}), lambda value: read_components(value, {"weight"})),
            "rank_constant": integer(),
        }
        values: dict[str, Any] = renamed(read_members(source, "rrf", members))
        if values.get("rank_constant", 1) < 1:
            reason = "[rank_constant] must be greater or equal to [1] for [rrf]"
            raise RestError(400, "illegal_argument_exception", reason)
        components: list[Component] = check_retrievers(values.pop("retrievers", None), "rrf")
        children = tuple(component.retriever for component in components)
        weights = tuple(component.weight for component in components)
        return cls(children=children, weights=weights, **values)

    def combine(self, context: Context, legs: Sequence[Results]) -> list[Found]:
        """The sum of reciprocal ranks."""
        ranked = [leg_of(leg) for leg in legs]
        return fused(rrf(ranked, self.rank_constant, self.weights, tie=lambda place: place))
