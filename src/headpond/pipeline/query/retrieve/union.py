"""What any leg of a tree matches, as one query: for aggregations and totals beside a compound retriever.

Elasticsearch computes both over the documents that its sub-retrievers match, not over the ranked ones alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headpond.errors import PipelineError
from headpond.pipeline.query.retrieve.pinned import matching
from headpond.pipeline.query.retrieve.tree import Leaf, Node, Pinned, Tree, leaves, nodes

_NO_QUERY = ("min_score", "_name", "boost")


def union(tree: Tree, embedded: Iterable[Leaf]) -> dict[str, Any]:
    """The query that every document of any leg matches.

    Args:
        tree: of retrievers.
        embedded: its leaves without texts to embed.

    Raises:
        PipelineError: a leaf has no form as a query.
    """
    clauses = [_query(leaf.kind, leaf.options, leaf.name) for leaf in embedded]
    clauses += [matching(node.documents) for node in nodes(tree) if isinstance(node, Pinned)]
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def has_least_score(tree: Tree) -> bool:
    """Whether hits are left out by their score; then nothing but the hits themselves counts."""
    if any(node.min_score is not None for node in nodes(tree) if isinstance(node, Node)):
        return True
    return any(leaf.kind == "standard" and leaf.options.get("min_score") is not None for leaf in leaves(tree))


def _query(kind: str, options: Mapping[str, Any], name: str) -> dict[str, Any]:
    if kind == "standard":
        must = [options["query"]] if "query" in options else []
        return {"bool": {"must": must, "filter": _filters(options)}}
    if kind == "knn":
        return {"knn": {key: value for key, value in options.items() if key not in _NO_QUERY}}
    if kind == "rescorer":
        ((inner, below),) = options["retriever"].items()
        query = _query(inner, below, name)
        return {"bool": {"must": [query], "filter": _filters(options)}} if _filters(options) else query
    raise PipelineError(
        f"{name}: what [{kind}] matches is not known here, so nothing can be counted or aggregated over it (501)"
    )


def _filters(options: Mapping[str, Any]) -> list[Any]:
    given = options.get("filter") or []
    return given if isinstance(given, list) else [given]
