"""What restricts the hits of a `_search` body apart from its words, as one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Query = dict[str, Any]
_AROUND = {"function_score": "query", "script_score": "query", "boosting": "positive"}
"""Queries that match what another one matches, and where that is."""
_BY_WORDS = frozenset({
    "match", "match_phrase", "match_phrase_prefix", "match_bool_prefix", "multi_match", "query_string",
    "simple_query_string", "combined_fields", "intervals", "semantic", "sparse_vector", "text_expansion",
})  # fmt: skip


def restriction(body: dict[str, Any], text: str) -> Query | None:
    """A query that all hits of the body match whatever its words; None when there is none.

    Sections of a body (`query` and `knn`) and children of a retriever find hits on their own, so that a hit matches
    what restricts one of them.

    Args:
        body: a `_search` body.
        text: the words it asks for; clauses that hold them are the question, not a restriction.
    """
    found: list[Query] = []
    sections: list[list[Query]] = []
    if isinstance(body.get("retriever"), dict):
        sections.append(_retriever(body["retriever"], text))
    if body.get("query") is not None:
        sections.append(_query(body["query"], text))
    sections += [_listed(knn.get("filter")) for knn in _listed(body.get("knn"))]
    found += _either(sections)
    found += _listed(body.get("post_filter"))
    if not found:
        return None
    return found[0] if len(found) == 1 else {"bool": {"filter": found}}


def _query(query: Any, text: str) -> list[Query]:
    """What all matches of a query match besides the words."""
    if not isinstance(query, dict) or len(query) != 1:
        return []
    kind, options = next(iter(query.items()))
    if kind == "match_all":
        return []
    if kind in _AROUND and isinstance(options, dict):
        return _query(options.get(_AROUND[kind]), text)
    if kind == "bool" and isinstance(options, dict):
        return _bool(options, text)
    return [] if _holds(query, text) else [query]


def _bool(options: dict[str, Any], text: str) -> list[Query]:
    found = _listed(options.get("filter"))
    for clause in _listed(options.get("must")):
        found += _query(clause, text)
    if denied := _listed(options.get("must_not")):
        found.append({"bool": {"must_not": denied}})
    should = _listed(options.get("should"))
    needed = options.get("minimum_should_match", 0 if options.get("must") or options.get("filter") else 1)
    if should and needed not in (0, "0", "0%"):
        if _holds(should, text):
            found += _either([_query(clause, text) for clause in should]) if needed in (1, "1") else []
        else:
            found.append({"bool": {"should": should, "minimum_should_match": needed}})
    return found


def _retriever(retriever: dict[str, Any], text: str) -> list[Query]:
    found: list[Query] = []
    for options in retriever.values():
        if not isinstance(options, dict):
            continue
        found += _listed(options.get("filter"))
        if "query" in options:
            found += _query(options["query"], text)
        if isinstance(options.get("retriever"), dict):
            found += _retriever(options["retriever"], text)
        children = [child.get("retriever", child) for child in _listed(options.get("retrievers"))]
        found += _either([_retriever(child, text) for child in children])
    return found


def _either(sections: Iterable[list[Query]]) -> list[Query]:
    """What matches of at least one of several sections match; nothing when one of them is not restricted."""
    sections = list(sections)
    if not sections or not all(sections):
        return []
    if all(section == sections[0] for section in sections):
        return sections[0]
    parts = [section[0] if len(section) == 1 else {"bool": {"filter": section}} for section in sections]
    return [{"bool": {"should": parts, "minimum_should_match": 1}}]


def _holds(node: Any, text: str, *, asks: bool = False) -> bool:
    """Whether a query asks for a text by its words; a term that is the same is a restriction."""
    if isinstance(node, dict):
        return any(_holds(value, text, asks=asks or key in _BY_WORDS) for key, value in node.items())
    if isinstance(node, list):
        return any(_holds(value, text, asks=asks) for value in node)
    return asks and isinstance(node, str) and text in node


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
