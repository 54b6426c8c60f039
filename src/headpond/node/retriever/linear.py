"""`linear`: a weighted sum of normalised scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._object import TEXTS, Member, read_members
from headpond.node.retriever._component import (
    NORMALIZERS,
    check_retrievers,
    read_components,
    read_normalizer,
    simplified,
)
from headpond.node.retriever._compound import MEMBERS, CompoundRetriever, fused, leg_of
from headpond.node.retriever._context import Context
from headpond.node.retriever.base import renamed
from headpond.node.search.found import Found, Results
from headpond.node.search.json import Json
from headpond.ranking import Normalizer, linear


@dataclass(frozen=True, kw_only=True)
class Linear(CompoundRetriever):
    """Joins the children by their scores.

    Equal scores are ordered by index, then by document, as Elasticsearch orders them.

    Attributes:
        weights: one for each child.
        normalizers: one for each child.
    """

    type = "linear"

    weights: tuple[float, ...]
    normalizers: tuple[Normalizer, ...]

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"retrievers": [{"retriever": {...}, "weight": 1, "normalizer": "minmax"}], "normalizer": "none"}`."""
        members = {
            **MEMBERS,
            **simplified("linear"),
            "retrievers": Member(
                frozenset({"START_ARRAY"}), lambda value: read_components(value, {"weight", "normalizer"})
            ),
            "normalizer": Member(TEXTS, read_normalizer),
        }
        values: dict[str, Any] = renamed(read_members(source, "linear", members))
        if values.get("min_score", 0) < 0:
            reason = f"[min_score] must be greater than or equal to 0, was: [{values['min_score']}]"
            raise RestError(400, "illegal_argument_exception", reason)
        components = check_retrievers(values.pop("retrievers", None), "linear")
        default = values.pop("normalizer", NORMALIZERS[0])
        return cls(
            children=tuple(component.retriever for component in components),
            weights=tuple(component.weight for component in components),
            normalizers=tuple(component.normalizer or default for component in components),
            **values,
        )

    def combine(self, context: Context, legs: Sequence[Results]) -> list[Found]:
        """The weighted sum."""
        ranked = [leg_of(leg) for leg in legs]
        return fused(linear(ranked, self.weights, self.normalizers, tie=lambda place: place))
