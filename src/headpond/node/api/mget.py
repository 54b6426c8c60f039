"""`_mget`: several documents by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    from headpond.node.store.document import Document
    from headpond.node.store.index import Index

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
    return {"docs": list(_documents(node, call, wanted))}


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


def _documents(node: Node, call: Call, wanted: list[_Wanted]) -> Iterator[dict[str, Any]]:
    ids: dict[str, list[str]] = {}
    for item in wanted:
        ids.setdefault(str(item.index), []).append(str(item.id))
    found = {name: _read_from(node, call, name, some) for name, some in ids.items()}
    for item in wanted:
        there, id = found[str(item.index)], str(item.id)
        if isinstance(there, RestError):
            yield {"_index": item.index, "_id": id, "error": there.body()["error"]}
            continue
        index, documents = there
        document = documents.get(id)
        if document is None:
            yield {"_index": index.name, "_id": id, "found": False}
        else:
            yield described(index, document, item.source)


def _read_from(
    node: Node, call: Call, name: str, ids: list[str]
) -> tuple[Index, Mapping[str, Document | None]] | RestError:
    """The documents of one index, or why they may not be read."""
    try:
        index = node.indices.one(name)
        call.check("indices:data/read/mget[shard]", [name])
    except RestError as error:
        return error
    if call.flag("realtime", True):
        return index, index.get_many(ids)
    return index, {id: index.get_refreshed(id) for id in ids}
