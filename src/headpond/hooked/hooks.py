"""Which pipeline a search passes through, and whether it has anything to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from headpond.pipeline.query.retrieve.tree import is_compound
from headpond.pipeline.query.searcher import Searcher

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hook:
    """A pipeline's query side and the indices it is for.

    Attributes:
        searcher: the query side.
        indices: names, aliases and patterns as searches write them; empty for all.
    """

    searcher: Searcher
    indices: tuple[str, ...] = ()

    def is_for(self, index: str) -> bool:
        """Whether every index of a search's expression is one of these."""
        if not self.indices:
            return True
        return all(any(fnmatchcase(name, own) for own in self.indices) for name in index.split(","))

    def concerns(self, body: Body) -> bool:
        """Whether the pipeline has anything to do for a search."""
        spec = self.searcher.spec
        if spec.request_processors or (spec.response_processors and responds(body)):
            return True
        return "rank" in body or is_compound(body.get("retriever")) or _has_text_to_embed(body)


def find(hooks: Sequence[Hook], index: str) -> Hook | None:
    """The first hook for an index expression."""
    return next((hook for hook in hooks if hook.is_for(index)), None)


def responds(body: Body) -> bool:
    """Whether the hits of a search are ranked.

    A search without hits has nothing to rank. One that is sorted has the order that was asked for, and pages through it
    by the sort values of its last hit: were hits moved, the next page would leave some out. `_score` alone, the best
    first, is the order without `sort`: its hits have no sort values, unless a point in time adds its own key.
    """
    if body.get("size") == 0 or "search_after" in body:
        return False
    sort = body.get("sort")
    if not sort:
        return True
    keys = sort if isinstance(sort, list) else [sort]
    return len(keys) == 1 and _is_best_first(keys[0]) and "pit" not in body


def _is_best_first(key: Any) -> bool:
    """Whether a sort key is Elasticsearch's default: `_score`, descending."""
    if not isinstance(key, dict):
        return bool(key == "_score")
    options = key.get("_score")
    order = options.get("order", "desc") if isinstance(options, dict) else options
    return isinstance(order, str) and order.lower() == "desc"


def _has_text_to_embed(node: Any) -> bool:
    if isinstance(node, dict):
        if "query_vector_builder" in node:
            return True
        sparse = node.get("sparse_vector")
        if isinstance(sparse, dict) and "inference_id" in sparse:
            return True
        return any(_has_text_to_embed(value) for value in node.values())
    if isinstance(node, list):
        # Vectors are long, and hold nothing but numbers.
        return bool(node) and isinstance(node[0], dict | list) and any(_has_text_to_embed(item) for item in node)
    return False
