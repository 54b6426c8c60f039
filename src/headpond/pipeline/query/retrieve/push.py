"""What the target can fuse itself: whole parts of a tree become leaves again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from headpond.pipeline.query.retrieve.tree import Fusion, Leaf, Tree
from headpond.ranking import ELASTICSEARCH_NORMALIZERS

_LEAVES = ("standard", "knn")


def pushed(tree: Tree, embedded: Mapping[str, Leaf]) -> Tree:
    """The tree with the largest `rrf` and `linear` parts as leaves, as far as they rank the same there.

    What does not: normalizers that Elasticsearch does not know, and a least score below the top. Rerankers stay, so
    that a search goes on without them; so do `pinned` and rescorers around a fusion, which stand around its result.

    Args:
        tree: of retrievers.
        embedded: its leaves without texts to embed, by name.
    """
    if isinstance(tree, Leaf):
        return embedded[tree.name]
    if _fits(tree):
        return Leaf(_body(tree, embedded), tree.name, tree.window)
    return replace(tree, children=tuple(pushed(child, embedded) for child in tree.children))


def _fits(tree: Tree) -> bool:
    if isinstance(tree, Leaf):
        return tree.kind in _LEAVES and "min_score" not in tree.options and "sort" not in tree.options
    known = isinstance(tree, Fusion) and set(tree.normalizers) <= set(ELASTICSEARCH_NORMALIZERS)
    return known and tree.min_score is None and all(_fits(child) for child in tree.children)


def _body(tree: Tree, embedded: Mapping[str, Leaf]) -> dict[str, Any]:
    if not isinstance(tree, Fusion):
        return embedded[tree.name].retriever
    legs: list[dict[str, Any]] = []
    for place, child in enumerate(tree.children):
        leg: dict[str, Any] = {"retriever": _body(child, embedded), "weight": tree.weights[place]}
        if tree.kind == "linear":
            leg["normalizer"] = tree.normalizers[place]
        legs.append(leg)
    options: dict[str, Any] = {"retrievers": legs, "rank_window_size": tree.window}
    if tree.kind == "rrf":
        options["rank_constant"] = tree.rank_constant
    if tree.label is not None:
        options["_name"] = tree.label
    return {tree.kind: options}
