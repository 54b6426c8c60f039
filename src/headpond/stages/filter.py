"""Restricts a `_search` body with a further filter, whatever form its query has."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from headpond.errors import PipelineError

_TAKE_FILTER = ("standard", "knn", "rrf", "linear", "text_similarity_reranker")


def with_filter(body: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
    """The body, restricted to hits that match the query too.

    Raises:
        PipelineError: a retriever of the body takes no filter, or is none.
    """
    body = deepcopy(body)
    if "retriever" in body:
        _retriever(body["retriever"], query)
        return body
    sections = body.get("knn") or []
    for section in sections if isinstance(sections, list) else [sections]:
        _add(section, query, "knn")
    if "query" in body:
        body["query"] = {"bool": {"must": [body["query"]], "filter": [query]}}
    elif not sections:
        body["query"] = {"bool": {"filter": [query]}}
    return body


def _retriever(retriever: Any, query: dict[str, Any]) -> None:
    if not isinstance(retriever, dict) or len(retriever) != 1:
        raise PipelineError("a retriever is one name with its options, as in {standard: {query: ...}}")
    name, options = next(iter(retriever.items()))
    if name in _TAKE_FILTER:
        _add(options, query, name)
    elif isinstance(options, dict) and "retriever" in options:
        _retriever(options["retriever"], query)
    else:
        raise PipelineError(f"the retriever [{name}] takes no filter", hint="put the filter into the pipeline's search")


def _add(options: Any, query: dict[str, Any], name: str) -> None:
    if not isinstance(options, dict):
        raise PipelineError(f"[{name}] has no options to add a filter to: {options!r:.50}")
    given = options.get("filter", [])
    options["filter"] = [*(given if isinstance(given, list) else [given]), query]
