"""`_mget`: several documents by their ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headpond.errors import RestError
from headpond.inference.json_position import line_and_column, locate
from headpond.node.api.documents import SOURCE, described, wanted_source
from headpond.node.call import Call
from headpond.node.mapping.json_token import event
from headpond.node.router import route
from headpond.node.search.source_filter import SourceFilter
from headpond.node.store.operation import validation

if TYPE_CHECKING:
    from headpond.node.node import Node

PARAMS = (*SOURCE, "force_synthetic_source", "preference", "realtime", "refresh", "routing", "stored_fields")
KEYS = frozenset(
    {"_id", "_index", "_source", "_version", "_version_type", "routing", "stored_fields", "version", "version_type"}
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    index: str | None
    id: str | None
    source: SourceFilter


@route("GET", "POST", "/_mget", params=PARAMS)
@route("GET", "POST", "/{index}/_mget", params=PARAMS)
def mget(node: Node, call: Call) -> dict[str, Any]:
    """Documents of the path's index, unless an entry names another."""
    index = call.parts.get("index")
    if call.body is None:
        raise RestError(400, "parse_exception", "request body or source parameter is required")
    wanted = list(_read(call, index))
    problems = ["no documents to get"] if not wanted else []
    for number, item in enumerate(wanted):
        problems += [f"index is missing for doc {number}"] if item.index is None else []
        problems += [f"id is missing for doc {number}"] if item.id is None else []
    if problems:
        raise validation(problems)
    if call.flag("refresh"):
        for name in {str(item.index) for item in wanted}:
            if call.may("indices:data/read/mget[shard]", name):
                node.indices.one(name).refresh()
    return {"docs": [_document(node, call, item, realtime=call.flag("realtime", True)) for item in wanted]}


def _read(call: Call, index: str | None) -> list[_Wanted]:
    wanted = []
    usual = wanted_source(call)
    for name, value in call.body.items():
        if name not in ("docs", "ids"):
            reason = f"unknown key [{name}] for a {event(value)}, expected [docs] or [ids]"
            raise _misplaced(call, name, reason)
        if not isinstance(value, list):
            reason = f"unexpected token [{event(value)}], expected [FIELD_NAME] or [START_ARRAY]"
            raise _misplaced(call, name, reason)
        for item in value:
            if name == "ids":
                wanted.append(_Wanted(index, str(item), usual))
                continue
            for key in item:
                if key not in KEYS:
                    reason = f"failed to parse multi get request. unknown field [{key}]"
                    raise RestError(400, "parse_exception", reason)
            id = item.get("_id")
            source = wanted_source(call, item["_source"]) if "_source" in item else usual
            wanted.append(_Wanted(item.get("_index", index), None if id is None else str(id), source))
    return wanted


def _misplaced(call: Call, name: str, reason: str) -> RestError:
    where = line_and_column(call.request.body, locate(call.request.body, [name]).start)
    line, _, column = where.partition(":")
    return RestError(400, "parsing_exception", reason, extra={"line": int(line), "col": int(column)})


def _document(node: Node, call: Call, item: _Wanted, *, realtime: bool) -> dict[str, Any]:
    id = str(item.id)
    try:
        index = node.indices.one(str(item.index))
        call.check("indices:data/read/mget[shard]", [str(item.index)])
    except RestError as error:
        return {"_index": item.index, "_id": id, "error": error.body()["error"]}
    document = index.get(id) if realtime else index.get_refreshed(id)
    if document is None:
        return {"_index": index.name, "_id": id, "found": False}
    return described(index, document, item.source)
