"""The words a `_search` body asks for, for response processors behind any client's search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BY_FIELD = ("match", "match_phrase", "match_phrase_prefix", "match_bool_prefix")
_BY_QUERY = ("multi_match", "query_string", "simple_query_string", "combined_fields", "semantic", "sparse_vector")
_BY_FIELDS = ("rrf", "linear")  # in their form with `query` and `fields`
_NO_QUESTION = ("filter", "must_not", "post_filter", "aggs", "aggregations")


def query_text(body: Any) -> str | None:
    """The text of a query, or None when it has none.

    OpenSearch's `ext.rerank.query_context.query_text` comes first. Otherwise it is the first text found in a
    retriever's `inference_text`, a full-text query, a `sparse_vector` query or a `query_vector_builder`; filters are no
    question.
    """
    if not isinstance(body, dict):
        return None
    said = _said(body)
    if said is not None:
        return said
    return next((text for text in _texts(body) if text.strip()), None)


def without_ext(body: dict[str, Any]) -> dict[str, Any]:
    """The body without `ext.rerank`, which Elasticsearch does not know."""
    if not isinstance(body.get("ext"), dict) or "rerank" not in body["ext"]:
        return body
    ext = {key: value for key, value in body["ext"].items() if key != "rerank"}
    rest = {key: value for key, value in body.items() if key != "ext"}
    return {**rest, "ext": ext} if ext else rest


def _said(body: dict[str, Any]) -> str | None:
    node: Any = body
    for key in ("ext", "rerank", "query_context", "query_text"):
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, str) else None


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    if not isinstance(node, dict):
        return
    # A reranker's own question is what the user asked; its inner retriever may ask something simpler.
    if isinstance(node.get("inference_text"), str):
        yield node["inference_text"]
    for key, value in node.items():
        if key in _NO_QUESTION:
            continue
        if key in _BY_FIELD and isinstance(value, dict):
            for asked in value.values():
                yield from _text_of(asked)
        elif key in _BY_QUERY and isinstance(value, dict):
            yield from _text_of(value)
        elif key in _BY_FIELDS and isinstance(value, dict) and isinstance(value.get("query"), str):
            yield value["query"]
        elif key == "text_embedding" and isinstance(value, dict) and isinstance(value.get("model_text"), str):
            yield value["model_text"]
        else:
            yield from _texts(value)


def _text_of(asked: Any) -> Iterator[str]:
    if isinstance(asked, dict):
        asked = asked.get("query")
    if isinstance(asked, str):
        yield asked
