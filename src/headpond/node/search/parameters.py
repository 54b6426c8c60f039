"""Query parameters of `_search` and `_count`."""

from __future__ import annotations

from typing import Any

from headpond.errors import RestError
from headpond.node.call import Call, illegal_argument
from headpond.node.search.field_pattern import FieldPattern
from headpond.node.search.json import Json
from headpond.node.search.request import SearchRequest, read_from, read_size, read_timeout, read_total
from headpond.node.search.sort import parse_sort_parameter
from headpond.node.search.source_filter import SourceFilter

_IGNORED = (
    "allow_partial_search_results",
    "batched_reduce_size",
    "ccs_minimize_roundtrips",
    "force_synthetic_source",
    "lenient",
    "max_concurrent_shard_requests",
    "pre_filter_shard_size",
    "preference",
    "project_routing",
    "request_cache",
    "routing",
    "search_type",
    "stats",
)
_REFUSED = (
    "analyze_wildcard",
    "analyzer",
    "default_operator",
    "df",
    "explain",
    "include_named_queries_score",
    "q",
    "scroll",
    "suggest_field",
    "suggest_mode",
    "suggest_size",
    "suggest_text",
)
_INDICES = ("allow_no_indices", "expand_wildcards", "ignore_throttled", "ignore_unavailable")

SEARCH_PARAMS = (
    *_IGNORED,
    *_REFUSED,
    *_INDICES,
    "_source",
    "_source_exclude_vectors",
    "_source_excludes",
    "_source_includes",
    "docvalue_fields",
    "from",
    "rest_total_hits_as_int",
    "seq_no_primary_term",
    "size",
    "sort",
    "stored_fields",
    "terminate_after",
    "timeout",
    "track_scores",
    "track_total_hits",
    "typed_keys",
    "version",
)
COUNT_PARAMS = (
    *_INDICES,
    *(name for name in _REFUSED if name in ("analyze_wildcard", "analyzer", "default_operator", "df", "q")),
    "lenient",
    "min_score",
    "preference",
    "project_routing",
    "routing",
    "terminate_after",
)
_SEARCH_TYPES = ("query_then_fetch", "dfs_query_then_fetch")


def with_parameters(request: SearchRequest, call: Call) -> SearchRequest:
    """The request with what the query parameters say, which wins over the body.

    Raises:
        RestError: 400 for malformed values, 501 for parameters that are known but missing here.
    """
    _check(call)
    values: dict[str, Any] = {}
    size, start = call.integer("size"), call.integer("from")
    if size is not None:
        values["size"] = read_size(size)
    if start is not None:
        values["from_"] = read_from(start)
    for name in ("version", "seq_no_primary_term", "track_scores"):
        if (given := call.text(name)) is not None:
            # Without a value only this one of Elasticsearch's means true.
            values[name] = Json(given).boolean() if given else name == "track_scores"
    sort, tracked, terminate = call.text("sort"), call.text("track_total_hits"), call.integer("terminate_after")
    if sort:
        values["sort"] = parse_sort_parameter(sort)
    if tracked is not None:
        values["track_total_hits"] = read_total(Json(tracked)) if tracked else call.integer("track_total_hits")
    if terminate is not None:
        values["terminate_after"] = terminate
    if call.flag("typed_keys"):
        values["typed_keys"] = True
    if (timeout := call.text("timeout")) is not None:
        values["timeout"] = read_timeout(Json(timeout))
    min_score = call.text("min_score")
    if min_score is not None:
        values["min_score"] = Json(min_score).decimal()
    stored, columns = call.names("stored_fields"), call.names("docvalue_fields")
    if stored is not None:
        values["stored_fields"] = "_none_" if "_none_" in stored else ",".join(stored)
    if columns is not None:
        values["docvalue_fields"] = tuple(FieldPattern(name) for name in columns)
    source = _source(call)
    if source is not None:
        values["source"] = source
    return _checked_total(request.updated(**values), call)


def _check(call: Call) -> None:
    for name in _REFUSED:
        if call.text(name) not in (None, "false") and (name, call.text(name)) != ("explain", ""):
            raise RestError(501, "not_implemented_exception", f"the parameter [{name}] is not implemented")
    kind = call.text("search_type")
    if kind is not None and kind not in _SEARCH_TYPES:
        raise illegal_argument(f"No search type for [{kind}]")
    if (call.integer("batched_reduce_size") or 2) < 2:
        raise illegal_argument("batchedReduceSize must be >= 2")


def _source(call: Call) -> SourceFilter | None:
    shown, includes, excludes = call.text("_source"), call.names("_source_includes"), call.names("_source_excludes")
    vectors = call.text("_source_exclude_vectors")
    if shown is None and includes is None and excludes is None and vectors is None:
        return None
    enabled = shown != "false"
    if shown not in (None, "", "true", "false"):
        includes = call.names("_source")
    without = None if vectors is None else call.flag("_source_exclude_vectors")
    return SourceFilter(enabled, tuple(includes or ()), tuple(excludes or ()), without)


def _checked_total(request: SearchRequest, call: Call) -> SearchRequest:
    """With `rest_total_hits_as_int` the total is exact, unless the request says otherwise, which is an error."""
    if not call.flag("rest_total_hits_as_int"):
        return request
    if "track_total_hits" not in request.given:
        return request.updated(track_total_hits=True)
    tracked = request.track_total_hits
    if not isinstance(tracked, bool):
        reason = "[rest_total_hits_as_int] cannot be used if the tracking of total hits is not accurate, got "
        raise illegal_argument(f"{reason}{tracked}")
    return request
