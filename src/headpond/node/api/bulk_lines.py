"""Reads the lines of a bulk request: an action, and for most actions a document behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from headpond.errors import RestError
from headpond.node.call import illegal_argument, loads, malformed
from headpond.node.mapping.json_token import event
from headpond.node.store.operation import Action, Operation, read_conditions
from headpond.node.store.update_request import read_update

ACTIONS: dict[str, Action] = {"create": "create", "delete": "delete", "index": "index", "update": "update"}
META = frozenset(
    {
        "_id", "_index", "_source", "dynamic_templates", "if_primary_term", "if_seq_no", "list_executed_pipelines",
        "op_type", "pipeline", "require_alias", "require_data_stream", "retry_on_conflict", "routing", "version",
        "version_type",
    }
)  # fmt: skip


def read_operations(
    body: bytes,
    index: str | None,
    *,
    routing: str | None = None,
    require_alias: bool = False,
    require_data_stream: bool = False,
    pipeline: str | None = None,
    source: str | None = None,
) -> list[Operation]:
    """The writes of a bulk request.

    Args:
        body: newline-delimited JSON; the last line ends with a newline too.
        index: where actions that name no index go.
        routing: for actions that name none.
        require_alias: for actions that do not say.
        require_data_stream: for actions that do not say.
        pipeline: for actions that name none.
        source: the `_source` of updates that have none.

    Raises:
        RestError: 400, a line is malformed; nothing of the request is carried out.
    """
    if not body.endswith(b"\n"):
        raise illegal_argument("The bulk request must be terminated by a newline [\\n]")
    defaults: dict[str, Any] = {
        "routing": routing,
        "require_alias": require_alias,
        "require_data_stream": require_data_stream,
        "pipeline": pipeline,
    }
    operations = []
    lines = _lines(body)
    for number, line in lines:
        if not line.strip():
            continue
        action, meta = _read_action(line, number)
        operation = _operation(action, {**defaults, **meta}, index)
        if action != "delete":
            try:
                _, document = next(lines)
            except StopIteration:
                break
            if action == "update":
                _read_update(operation, document, meta, source)
            else:
                operation.raw = document
        operations.append(operation)
    return operations


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    lines = body.split(b"\n")
    lines.pop()
    return ((number, line) for number, line in enumerate(lines, 1))


def _read_action(line: bytes, number: int) -> tuple[Action, dict[str, Any]]:
    start = f"Malformed action/metadata line [{number}], expected"
    try:
        parsed = loads(line)
    except orjson.JSONDecodeError as error:
        raise malformed(error) from None
    if not isinstance(parsed, dict):
        raise illegal_argument(f"{start} START_OBJECT but found [{event(parsed)}]")
    if not parsed:
        raise illegal_argument(f"{start} FIELD_NAME but found [END_OBJECT]")
    name, meta = next(iter(parsed.items()))
    if name not in ACTIONS:
        raise illegal_argument(f"{start} field [create], [delete], [index] or [update] but found [{name}]")
    if not isinstance(meta, dict):
        raise illegal_argument(f"{start} START_OBJECT or END_OBJECT but found [{event(meta)}]")
    if len(parsed) > 1:
        raise illegal_argument(f"{start} END_OBJECT but found [FIELD_NAME]")
    for key, value in meta.items():
        if key not in META:
            raise illegal_argument(f"Action/metadata line [{number}] contains an unknown parameter [{key}]")
        if isinstance(value, (list, dict)) and key not in ("_source", "dynamic_templates"):
            raise illegal_argument(f"{start} a simple value for field [{key}] but found [{event(value)}]")
    return ACTIONS[name], meta


def _operation(action: Action, meta: dict[str, Any], index: str | None) -> Operation:
    if action == "index" and meta.get("op_type") == "create":
        action = "create"
    name = meta.get("_index") or index
    if name is None:
        raise RestError(400, "action_request_validation_exception", "Validation Failed: 1: index is missing;")
    if meta.get("dynamic_templates"):
        reason = "[dynamic_templates] in bulk actions is not supported by headpond; put them into the mapping"
        raise RestError(501, "not_implemented_exception", reason)
    id = meta.get("_id")
    routing = meta.get("routing")
    return Operation(
        action,
        str(name),
        None if id is None else _text(id),
        conditions=read_conditions(meta, create=action == "create"),
        routing=None if routing is None else _text(routing),
        require_alias=meta.get("require_alias") in (True, "true"),
        require_data_stream=meta.get("require_data_stream") in (True, "true"),
        pipeline=meta.get("pipeline"),
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _read_update(operation: Operation, line: bytes, meta: dict[str, Any], source: str | None) -> None:
    try:
        request, conditions = read_update(line)
    except orjson.JSONDecodeError as error:
        raise malformed(error) from None
    if conditions:
        operation.conditions = read_conditions({**meta, **conditions})
    request.retries = int(meta.get("retry_on_conflict") or 0)
    request.if_seq_no = operation.conditions.if_seq_no is not None
    if request.source is None:
        request.source = meta.get("_source", source)
    operation.update = request
