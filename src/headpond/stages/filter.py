"""Restricts a `_search` body with a further filter, whatever form its query has."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from headpond.errors import PipelineError

_TAKE_FILTER = ("standard", "knn", "rrf", "linear", "text_similarity_reranker")


def with_filter(body: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
    """The body, restricted to hits that match the query too.

    Raises:
        PipelineError: a retriever of the body takes no filter.
    """
    body = deepcopy(body)
    if "retriever" in body:
        _retriever(body["retriever"], query)
        return body
    sections = body.get("knn") or []
    for section in [sections] if isinstance(sections, dict) else sections:
        _add(section, query)
    if "query" in body:
        body["query"] = {"bool": {"must": [body["query"]], "filter": [query]}}
    elif not sections:
        body["query"] = {"bool": {"filter": [query]}}
    return body


def _retriever(retriever: dict[str, Any], query: dict[str, Any]) -> None:
    name, options = next(iter(retriever.items()))
    if name in _TAKE_FILTER:
        _add(options, query)
    elif isinstance(options, dict) and "retriever" in options:
        _retriever(options["retriever"], query)
    else:
        raise PipelineError(f"the retriever [{name}] takes no filter", hint="put the filter into the pipeline's search")


def _add(options: dict[str, Any], query: dict[str, Any]) -> None:
    given = options.get("filter", [])
    options["filter"] = [*(given if isinstance(given, list) else [given]), query]
