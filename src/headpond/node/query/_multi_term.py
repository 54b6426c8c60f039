"""What `prefix`, `wildcard` and `fuzzy` share: one pattern over the terms of one field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headpond.errors import RestError
from headpond.node.query._value import match_metadata, no_match
from headpond.node.query.base import Readers, read_options, single_field
from headpond.node.scoring.match import Match
from headpond.node.scoring.terms import match_any
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

_WITH_TERMS = frozenset({"keyword", "text", "constant_keyword", "wildcard", "ip"})


def read_pattern(source: Json, query: str, readers: Readers, *, also: str | None = None) -> dict[str, Any]:
    """Reads `{"field": "pattern"}` or `{"field": {"value": "pattern", ...}}`.

    Args:
        source: the body.
        query: the query's name.
        readers: options besides `value`, `boost`, `_name` and `rewrite`.
        also: another name of `value`.

    Raises:
        RestError: 400 for a malformed body, 501 for `rewrite` methods that change scores.
    """
    found = single_field(source, query)
    if found is None:
        raise RestError(400, "illegal_argument_exception", "field name is null or empty")
    field, body = found
    if body.is_array:
        raise body.parsing_error(f"[{query}] query does not support [{field}]")
    if not body.is_object:
        options: dict[str, Any] = {"value": None if body.value is None else body.text()}
    else:
        known = {**readers, "value": Json.text, "rewrite": _constant} | ({also: Json.text} if also else {})
        options = read_options(body, query, known)
        options.pop("rewrite", None)
        if also in options:
            options["value"] = options.pop(also)
    if options.get("value") is None:
        raise RestError(400, "illegal_argument_exception", "value cannot be null")
    return {"field": field, **options}


def path_of_terms(shard: Shard, path: str, query: str) -> str | None:
    """The path of the field's terms, or None when it is not mapped.

    Raises:
        RestError: 400, the field is of a type that such queries cannot be used on.
    """
    field = shard.field(path)
    if field is None:
        return None
    if field.type not in _WITH_TERMS:
        reason = (
            f"Can only use {query} queries on keyword, text and wildcard fields - not on [{path}] "
            f"which is of type [{field.type}]"
        )
        raise shard.error(reason)
    return field.path


def match_pattern(shard: Shard, path: str, query: str, test: Callable[[str], bool]) -> list[Match]:
    """Documents with a term that passes the test, score 1."""
    if path == "_index":
        return match_metadata(shard, path, [shard.index.name] if test(shard.index.name) else [])
    found = path_of_terms(shard, path, query)
    if found is None:
        return no_match(shard)
    return match_any(shard, found, [term for term in shard.terms(found) if test(term)])


def _constant(source: Json) -> None:
    method = source.text()
    if method not in ("constant_score", "constant_score_auto", "constant_score_boolean", "constant_score_blended"):
        raise RestError(501, "not_implemented_exception", f"the rewrite method [{method}] is not implemented")
