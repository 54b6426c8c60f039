"""A body's retriever as a tree: leaves that the target answers, and nodes that the client computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from headpond.errors import PipelineError
from headpond.stages.filter import with_filter
from headpond.stages.options import validate
from headpond.stages.response.rerank import ChunkRescorer
from headpond.stages.where import Where

WINDOW = 10
"""Elasticsearch's default `rank_window_size`."""

Filter = dict[str, Any]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    filter: Any = None
    min_score: float | None = None
    label: str | None = Field(None, alias="_name")


class _Windowed(_Options):
    rank_window_size: int = Field(WINDOW, ge=1, le=10_000)


class _Rrf(_Windowed):
    retrievers: list[dict[str, Any]] = Field(min_length=1)
    rank_constant: int = Field(60, ge=1)


class _Component(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    retriever: dict[str, Any]
    weight: float = Field(1.0, ge=0)
    normalizer: Literal["none", "minmax", "l2_norm"] | None = None


class _Linear(_Windowed):
    retrievers: list[_Component] = Field(min_length=1)
    normalizer: Literal["none", "minmax", "l2_norm"] | None = None


class _Reranker(_Windowed):
    retriever: dict[str, Any]
    field: str
    inference_text: str
    inference_id: str = ".rerank-v1-elasticsearch"
    chunk_rescorer: ChunkRescorer | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A retriever that the target answers.

    Attributes:
        retriever: as in the body, with the filters of the nodes above.
        name: where it stands, as in `retriever.rrf.retrievers[0].knn`.
        window: how many hits the node above looks at.
    """

    retriever: dict[str, Any]
    name: str
    window: int


@dataclass(frozen=True, slots=True)
class Node:
    """A retriever that the client computes from others.

    Attributes:
        kind: `rrf`, `linear` or `text_similarity_reranker`.
        name: where it stands.
        window: hits of each child that count, and hits it gives.
        children: what it computes from.
        weights: one for each child.
        min_score: hits below are left out.
        normalizers: `linear` only, one for each child.
        rank_constant: `rrf` only.
        reranker: `text_similarity_reranker` only, its options.
    """

    kind: str
    name: str
    window: int
    children: tuple[Tree, ...]
    weights: tuple[float, ...] = ()
    min_score: float | None = None
    normalizers: tuple[Literal["none", "minmax", "l2_norm"], ...] = ()
    rank_constant: int = 60
    reranker: Mapping[str, Any] = field(default_factory=dict)


Tree = Leaf | Node
COMPOUND = ("rrf", "linear", "text_similarity_reranker")


def is_compound(retriever: Any) -> bool:
    """Whether a retriever, or one below it, has to be computed on the client."""
    if isinstance(retriever, list):
        return any(is_compound(item) for item in retriever)
    if not isinstance(retriever, dict):
        return False
    return any(key in COMPOUND or is_compound(value) for key, value in retriever.items())


def parse(retriever: Any, where: Where, window: int, filters: tuple[Filter, ...] = ()) -> Tree:
    """The tree of a retriever.

    Args:
        retriever: `{name: options}`.
        where: its place, for errors.
        window: hits that the node above looks at.
        filters: those of the nodes above.

    Raises:
        PipelineError: options are wrong, or a retriever cannot be computed on the client.
    """
    if not isinstance(retriever, dict) or len(retriever) != 1:
        raise where.error("a retriever is one name with its options, as in {standard: {query: ...}}")
    kind, options = next(iter(retriever.items()))
    place = where.at(kind)
    if kind in COMPOUND:
        return _PARSERS[kind](options, place, filters)
    if is_compound(options):
        inner = next(name for name in COMPOUND if name in str(options))
        raise place.error(f"[{kind}] around [{inner}] cannot be computed on the client (501)")
    body = {"retriever": {kind: options}}
    for query in filters:
        body = with_filter(body, query)
    return Leaf(body["retriever"], place.path, window)


def leaves(tree: Tree) -> Iterator[Leaf]:
    """All leaves, from left to right."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for child in tree.children:
            yield from leaves(child)


def _rrf(given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
    _refuse_fields(given, where)
    options = validate(_Rrf, given, where)
    below = _filters(options, filters)
    children, weights = [], []
    for index, item in enumerate(options.retrievers):
        place = where.at("retrievers", index)
        weight = 1.0
        if "retriever" in item:
            component = validate(_Component, item, place)
            item, weight, place = component.retriever, component.weight, place.at("retriever")
        children.append(parse(item, place, options.rank_window_size, below))
        weights.append(weight)
    return Node(
        "rrf", where.path, options.rank_window_size, tuple(children), tuple(weights), options.min_score,
        rank_constant=options.rank_constant,
    )  # fmt: skip


def _linear(given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
    _refuse_fields(given, where)
    options = validate(_Linear, given, where)
    below = _filters(options, filters)
    children = [
        parse(item.retriever, where.at("retrievers", index, "retriever"), options.rank_window_size, below)
        for index, item in enumerate(options.retrievers)
    ]
    return Node(
        "linear", where.path, options.rank_window_size, tuple(children),
        tuple(item.weight for item in options.retrievers), options.min_score,
        normalizers=tuple(item.normalizer or options.normalizer or "none" for item in options.retrievers),
    )  # fmt: skip


def _reranker(given: Any, where: Where, filters: tuple[Filter, ...]) -> Node:
    options = validate(_Reranker, given, where)
    below = _filters(options, filters)
    child = parse(options.retriever, where.at("retriever"), options.rank_window_size, below)
    wanted = {
        "inference_id": options.inference_id,
        "field": options.field,
        "window": options.rank_window_size,
        "chunk_rescorer": options.chunk_rescorer,
        "query": options.inference_text,
    }
    kind = "text_similarity_reranker"
    return Node(
        kind, where.path, options.rank_window_size, (child,), min_score=options.min_score, reranker=wanted
    )  # fmt: skip


_PARSERS = {"rrf": _rrf, "linear": _linear, "text_similarity_reranker": _reranker}


def _filters(options: _Options, above: tuple[Filter, ...]) -> tuple[Filter, ...]:
    own = options.filter or []
    return (*above, *([own] if isinstance(own, dict) else own))


def _refuse_fields(given: Any, where: Where) -> None:
    if isinstance(given, dict) and ("fields" in given or "query" in given):
        raise PipelineError(
            f"[{where.keys[-1]}] with `query` and `fields` is not supported here (501)",
            where=str(where) or None,
            hint="write the legs out under `retrievers`",
        )
