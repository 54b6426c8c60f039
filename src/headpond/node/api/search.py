"""`_search`, `_msearch` and `_count`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.invalid import validation_failed
from headpond.node.call import Call
from headpond.node.query.base import parse_query
from headpond.node.router import route
from headpond.node.search.json import Json, MisplacedError, read_json
from headpond.node.search.multi_search import parse_lines
from headpond.node.search.parameters import COUNT_PARAMS, SEARCH_PARAMS, with_parameters
from headpond.node.search.points_in_time import PitReference
from headpond.node.search.request import SearchRequest, parse_search
from headpond.node.search.search import Searcher

if TYPE_CHECKING:
    from headpond.node.node import Node
    from headpond.node.store.index import Index


@route("GET", "POST", "/_search", params=SEARCH_PARAMS)
@route("GET", "POST", "/{index}/_search", params=SEARCH_PARAMS)
def search(node: Node, call: Call) -> dict[str, Any]:
    """Searches one or several indices."""
    request = with_parameters(_parsed(call, parse_search, SearchRequest()), call)
    expression = None if call.request.path.strip("/") == "_search" else call.parts.get("index")
    if request.pit is not None:
        indices = _frozen(node, call, request.pit, expression)
    else:
        indices = _indices(node, call, call.parts.get("index"))
    answer = Searcher(node.inference).search(indices, request)
    return _with_plain_total(answer) if call.flag("rest_total_hits_as_int") else answer


@route("GET", "POST", "/_count", params=COUNT_PARAMS)
@route("GET", "POST", "/{index}/_count", params=COUNT_PARAMS)
def count(node: Node, call: Call) -> dict[str, Any]:
    """Counts the documents that match a query."""
    request = _parsed(call, _parse_count, SearchRequest())
    request = with_parameters(request, call)
    return Searcher(node.inference).count(_indices(node, call, call.parts.get("index")), request)


_SEARCH = "indices:data/read/search"
_NOT_WITH_PIT = ("routing", "preference")
MSEARCH_PARAMS = (
    "ccs_minimize_roundtrips",
    "index",
    "max_concurrent_searches",
    "max_concurrent_shard_requests",
    "pre_filter_shard_size",
    "rest_total_hits_as_int",
    "routing",
    "search_type",
    "typed_keys",
    "allow_no_indices",
    "expand_wildcards",
    "ignore_unavailable",
    "include_named_queries_score",
    "project_routing",
)


@route("GET", "POST", "/_msearch", params=MSEARCH_PARAMS)
@route("GET", "POST", "/{index}/_msearch", params=MSEARCH_PARAMS)
def msearch(node: Node, call: Call) -> dict[str, Any]:
    """Several searches in one call; one that fails does not fail the others."""
    started = time.monotonic()
    plain, typed = call.flag("rest_total_hits_as_int"), call.flag("typed_keys")
    searcher = Searcher(node.inference)
    responses = []
    for header, request in parse_lines(call.request.body):
        try:
            lenient = {
                "ignore_unavailable": header.ignore_unavailable,
                "allow_no_indices": header.allow_no_indices,
            }
            expression = header.index or call.parts.get("index")
            if request.pit is not None:
                indices = _frozen(node, call, request.pit, expression)
            else:
                if call.access is not None:
                    expression = call.access.narrowed(_SEARCH, expression, **lenient)
                indices = node.indices.resolve(expression or "_all", **lenient)
            answer = searcher.search(indices, request.updated(typed_keys=True) if typed else request)
            responses.append({**(_with_plain_total(answer) if plain else answer), "status": 200})
        except RestError as error:
            responses.append(error.body())
    return {"took": int((time.monotonic() - started) * 1000), "responses": responses}


def _parsed(call: Call, parse: Callable[[Json], SearchRequest], default: SearchRequest) -> SearchRequest:
    if not call.request.body:
        return default
    if not call.request.body.strip():
        raise Json(None).parsing_error("Expected [START_OBJECT] but found [null]").located(call.request.body)
    try:
        return parse(read_json(call.request.body))
    except MisplacedError as error:
        raise error.located(call.request.body) from None


def _parse_count(source: Json) -> SearchRequest:
    if not source.is_object:
        raise source.parsing_error(f"Expected [START_OBJECT] but found [{source.token}]")
    request = SearchRequest()
    for name, value in source.members():
        if name != "query":
            raise value.parsing_error(f"request does not support [{name}]", "name")
        request = request.updated(query=parse_query(value))
    return request


def _indices(node: Node, call: Call, expression: str | None) -> list[Index]:
    found: list[Index] = node.indices.resolve(
        expression or "_all",
        ignore_unavailable=call.flag("ignore_unavailable"),
        allow_no_indices=call.flag("allow_no_indices", True),
    )
    return found


def _frozen(node: Node, call: Call, pit: PitReference, expression: str | None) -> list[Index]:
    """The indices of a point in time, which names them alone."""
    problems = [f"[{name}] cannot be used with point in time" for name in _NOT_WITH_PIT if call.text(name) is not None]
    if any(call.text(name) is not None for name in ("allow_no_indices", "expand_wildcards", "ignore_unavailable")):
        problems.insert(0, "[indicesOptions] cannot be used with point in time")
    if expression:
        problems.insert(0, "[indices] cannot be used with point in time. Do not specify any index with point in time.")
    if problems:
        raise validation_failed(problems)
    found = node.points_in_time.find(pit, call.sender)
    call.check(_SEARCH, [index.name for index in found])
    return found


def _with_plain_total(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its total as a number, as before Elasticsearch 7; -1 where there is none."""
    hits = answer["hits"]
    found = hits["total"]["value"] if "total" in hits else -1
    return {**answer, "hits": {"total": found, **{name: value for name, value in hits.items() if name != "total"}}}
