"""A retriever as a tree: leaves that the target answers, and nodes that the client computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headpond.pipeline.query.retrieve.options import PinnedDocument, Rescore
from headpond.ranking import RANK_CONSTANT, Normalizer

COMPOUND = ("rrf", "linear", "text_similarity_reranker", "pinned")
"""Retrievers that are computed on the client; `rescorer` too, when it stands around one of them."""


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

    @property
    def kind(self) -> str:
        """`standard`, `knn`, ..."""
        return next(iter(self.retriever))

    @property
    def options(self) -> Mapping[str, Any]:
        """What stands under its name."""
        options = self.retriever[self.kind]
        return options if isinstance(options, dict) else {}

    @property
    def label(self) -> str | None:
        """Its `_name`."""
        return self.options.get("_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A retriever that the client computes from others.

    Attributes:
        kind: its name in Elasticsearch.
        name: where it stands.
        window: how many hits it gives.
        children: what it computes from.
        min_score: hits below are left out.
        label: its `_name`.
    """

    kind: str
    name: str
    window: int
    children: tuple[Tree, ...]
    min_score: float | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion(Node):
    """`rrf` or `linear`.

    Attributes:
        weights: one for each child.
        normalizers: `linear` only, one for each child.
        rank_constant: `rrf` only.
    """

    weights: tuple[float, ...]
    normalizers: tuple[Normalizer, ...] = ()
    rank_constant: int = RANK_CONSTANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Reranker(Node):
    """`text_similarity_reranker`.

    Attributes:
        text: what the hits are compared with.
        options: of the response processor `rerank`, which does the work.
    """

    text: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescorer(Node):
    """`rescorer`.

    Attributes:
        rescores: the second scorings, in their order.
    """

    rescores: tuple[Rescore, ...]

    @property
    def candidates(self) -> int:
        """How many hits of the child are looked at."""
        return max(rescore.window_size for rescore in self.rescores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned(Node):
    """`pinned`.

    Attributes:
        documents: the first hits, in their order.
    """

    documents: tuple[PinnedDocument, ...]


Tree = Leaf | Node


def is_compound(retriever: Any) -> bool:
    """Whether a retriever, or one below it, has to be computed on the client."""
    if not isinstance(retriever, dict):
        return False
    return any(kind in COMPOUND or _holds_compound(options) for kind, options in retriever.items())


def inner(options: Any) -> dict[str, Any] | None:
    """The one retriever below one, as `rescorer` and `rule` have it; None when there is none."""
    found = options.get("retriever") if isinstance(options, dict) else None
    return found if isinstance(found, dict) else None


def leaves(tree: Tree) -> Iterator[Leaf]:
    """All leaves, from left to right."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for child in tree.children:
            yield from leaves(child)


def nodes(tree: Tree) -> Iterator[Node]:
    """All nodes, a node before those below it."""
    if isinstance(tree, Node):
        yield tree
        for child in tree.children:
            yield from nodes(child)


def _holds_compound(options: Any) -> bool:
    below = inner(options)
    return below is not None and is_compound(below)
