"""The children of `rrf` and `linear`, with their weights and normalizers."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from headpond.errors import RestError
from headpond.inference.invalid import validation_failed
from headpond.node.query._object import OBJECTS, TEXTS, Member, number, read_members
from headpond.node.retriever.base import Retriever, parse_child
from headpond.node.search.json import Json
from headpond.ranking import ELASTICSEARCH_NORMALIZERS as NORMALIZERS
from headpond.ranking import Normalizer

__all__ = ["NORMALIZERS", "Component", "check_retrievers", "read_components", "read_normalizer", "simplified"]


@dataclass(frozen=True, slots=True)
class Component:
    """One child.

    Attributes:
        retriever: what it retrieves.
        weight: factor of its share.
        normalizer: how its scores are brought to a common scale; the parent's when None.
    """

    retriever: Retriever
    weight: float = 1.0
    normalizer: Normalizer | None = None


def read_components(source: Json, options: Set[str]) -> list[Component]:
    """Reads an array of `{"retriever": {...}, "weight": 2}` or, where weights are all it has, of plain retrievers.

    Args:
        source: the array.
        options: which of `weight` and `normalizer` there are.

    Raises:
        RestError: 400 for malformed children.
    """
    return [_read_component(element, options) for element in source.elements()]


def _read_component(source: Json, options: Set[str]) -> Component:
    if not source.is_object:
        raise source.parsing_error(f"expected an object but found [{source.token}]")
    names = [name for name, _ in source.members()]
    if "normalizer" not in options and "retriever" not in names:
        return Component(parse_child(source))
    members = {
        "retriever": Member(OBJECTS, parse_child),
        "weight": number(),
        "normalizer": Member(TEXTS, read_normalizer),
    }
    known = {name: member for name, member in members.items() if name in options | {"retriever"}}
    parser = "retriever-component" if "normalizer" in options else "rrf_component"
    values = read_members(source, parser, known, required=["retriever"])
    if values.get("weight", 0) < 0:
        raise RestError(400, "illegal_argument_exception", "[weight] must be non-negative")
    return Component(**values)


def read_normalizer(source: Json) -> Normalizer:
    """Reads `none`, `minmax` or `l2_norm`.

    Raises:
        RestError: 400 for anything else.
    """
    for name in NORMALIZERS:
        if source.text().lower() == name:
            return name
    raise RestError(400, "illegal_argument_exception", f"Unknown normalizer [{source.text()}]")


def check_retrievers(components: list[Component] | None, retriever: str) -> list[Component]:
    """The children.

    Raises:
        RestError: 400, there are none.
    """
    if not components:
        raise validation_failed([f"[{retriever}] must provide [retrievers] or [query]"])
    return components


def simplified(retriever: str) -> dict[str, Member]:
    """The members of the form without children, which is not here."""

    def refuse(source: Json) -> None:
        reason = (
            f"[{source.name}] of [{retriever}] (the multi-field query format) is not implemented; give [retrievers]"
        )
        raise RestError(501, "not_implemented_exception", reason)

    return {"fields": Member(TEXTS | {"START_ARRAY"}, refuse), "query": Member(TEXTS, refuse)}
