"""One write as the document APIs and `_bulk` describe it, and how it is carried out."""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from headpond import exact_json
from headpond.errors import RestError
from headpond.node.call import illegal_argument
from headpond.node.store.document import Document
from headpond.node.store.index import Index
from headpond.node.store.update_request import UpdateRequest, merged_source
from headpond.node.store.write_result import ANY, Conditions, WriteResult, check, conflict

Action = Literal["index", "create", "update", "delete"]
LONGEST_ID = 512


@dataclass(slots=True)
class Operation:
    """One write.

    Attributes:
        action: what to do.
        index: the index or alias.
        id: the document's id; None lets `index` and `create` make one.
        raw: the JSON text of the document.
        update: the body of an update.
        conditions: what must hold.
        routing: kept with the document.
        require_alias: the name must be an alias.
        require_data_stream: the name must be a data stream, of which there are none.
        pipeline: the ingest pipeline that the request names; `_none` for none.
        executed: ids of the pipelines that ran.
        dropped: whether a pipeline dropped the document.
        refused: why a pipeline failed.
    """

    action: Action
    index: str
    id: str | None = None
    raw: bytes = b""
    update: UpdateRequest | None = None
    conditions: Conditions = ANY
    routing: str | None = None
    require_alias: bool = False
    require_data_stream: bool = False
    pipeline: str | None = None
    executed: list[str] = field(default_factory=list)
    dropped: bool = False
    refused: RestError | None = None

    def problems(self) -> list[str]:
        """What makes the whole request invalid, before anything is tried."""
        found = []
        if self.id is None and self.action in ("update", "delete"):
            found.append("id is missing")
        if self.id is not None and len(encoded := self.id.encode("utf-8", "surrogatepass")) > LONGEST_ID:
            found.append(
                f"id [{self.id}] is too long, must be no longer than {LONGEST_ID} bytes but was: {len(encoded)}"
            )
        if self.conditions.if_seq_no is not None and not self.conditions.if_primary_term:
            found.append("ifSeqNo is set, but primary term is [0]")
        if self.conditions.if_primary_term and self.conditions.if_seq_no is None:
            found.append(f"ifSeqNo is unassigned, but primary term is [{self.conditions.if_primary_term}]")
        if self.update is not None:
            found += self.update.problems()
        return found


def run(operation: Operation, index: Index) -> tuple[WriteResult, Document | None]:
    """Carries a write out. Call it inside `Indices.writing`, with the index among the touched ones.

    Returns:
        What happened; and for an update that asks for it the document as it is now.

    Raises:
        RestError: the write is refused; nothing of it was done.
    """
    if operation.refused is not None:
        raise operation.refused
    if operation.id == "":
        raise illegal_argument("if _id is specified it must not be empty")
    if operation.action == "delete":
        return index.writer.delete(operation.id or "", operation.conditions), None
    if operation.action == "update":
        return _update(operation, index)
    if not operation.raw.strip():
        raise RestError(400, "document_parsing_exception", "[0:0] failed to parse, document is empty")
    id = new_id() if operation.id is None else operation.id
    return index.writer.put(id, operation.raw, operation.conditions, routing=operation.routing), None


def _update(operation: Operation, index: Index) -> tuple[WriteResult, Document | None]:
    request, id = operation.update, operation.id or ""
    assert request is not None
    current = index.get(id, written=True)
    if current is None:
        fresh = request.doc if request.doc_as_upsert else request.upsert
        if fresh is None or operation.conditions.if_seq_no is not None:
            raise _missing(id, index)
        result = index.writer.put(id, exact_json.dumps(fresh), routing=operation.routing)
    else:
        if refused := check(id, operation.conditions, index.writer.current(id)):
            raise conflict(refused, index.name, index.uuid)
        request.refuse_script()
        source, changed = merged_source(current.whole(), request.doc or {})
        if changed or not request.detect_noop:
            routing = operation.routing or current.routing
            result = index.writer.put(id, exact_json.dumps(source), routing=routing)
        else:
            result = WriteResult(id, current.version, current.seq_no, "noop")
    return result, index.get(id, written=True) if request.source is not None else None


def _missing(id: str, index: Index) -> RestError:
    extra = {"index_uuid": index.uuid, "shard": "0", "index": index.name}
    return RestError(404, "document_missing_exception", f"[{id}]: document missing", extra=extra)


_counter = count(secrets.randbits(24))
_machine = secrets.token_bytes(6)


def new_id() -> str:
    """An id of 20 URL-safe characters, made of time, process and a counter so that it is never made twice."""
    millis = int(time.time() * 1000).to_bytes(6, "big")
    number = (next(_counter) & 0xFFFFFF).to_bytes(3, "big")
    process = bytes(a ^ b for a, b in zip(_machine, os.getpid().to_bytes(6, "big"), strict=True))
    return base64.urlsafe_b64encode(number + millis + process).decode("ascii")


def answer(result: WriteResult, index: Index, *, refreshed: bool) -> dict[str, Any]:
    """The members that every write's answer has."""
    copies = 1 + index.metadata.replicas
    body: dict[str, Any] = {
        "_index": index.name,
        "_id": result.id,
        "_version": result.version,
        "result": result.result,
    }
    if refreshed:
        body["forced_refresh"] = True
    body["_shards"] = {"total": copies, "successful": 1, "failed": 0}
    body["_seq_no"] = result.seq_no
    body["_primary_term"] = 1
    return body


def read_conditions(given: Mapping[str, Any], *, create: bool = False, update: bool = False) -> Conditions:
    """Conditions from query parameters or from a bulk action's line.

    Raises:
        RestError: 400, they are not valid together.
    """
    version = _integer(given, "version")
    kind = given.get("version_type") or "internal"
    if kind not in ("internal", "external", "external_gt", "external_gte"):
        raise illegal_argument(f"No version type match [{kind}]")
    if version is not None and kind == "internal":
        reason = (
            "internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and "
            "`if_primary_term` instead"
        )
        raise validation([reason])
    if create and kind != "internal":
        raise validation(["create operations only support internal versioning. use index instead"])
    return Conditions(
        create=create,
        if_seq_no=_integer(given, "if_seq_no"),
        if_primary_term=_integer(given, "if_primary_term"),
        version=version,
        or_equal=kind == "external_gte",
    )


def _integer(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 1 << 63
    if not -(1 << 63) <= number < 1 << 63:
        raise illegal_argument(f"Failed to parse long parameter [{name}] with value [{value}]")
    return number


def validation(problems: list[str]) -> RestError:
    """A 400 `action_request_validation_exception` that numbers the problems."""
    listed = "".join(f"{number}: {problem};" for number, problem in enumerate(problems, 1))
    return RestError(400, "action_request_validation_exception", f"Validation Failed: {listed}")
