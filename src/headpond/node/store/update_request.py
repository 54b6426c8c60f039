"""The body of `_update`, and how a partial document is merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from headpond import exact_json
from headpond.errors import RestError
from headpond.inference.json_position import line_and_column, locate
from headpond.node.call import loads
from headpond.node.mapping.base import boolean
from headpond.node.mapping.json_token import event
from headpond.node.search.json import did_you_mean

FIELDS = frozenset(
    {"script", "scripted_upsert", "upsert", "doc", "doc_as_upsert", "detect_noop", "_source", "if_seq_no",
     "if_primary_term"}
)  # fmt: skip


@dataclass(slots=True)
class UpdateRequest:
    """What an update asks for.

    Attributes:
        doc: the partial document.
        upsert: what is written when the document does not exist.
        doc_as_upsert: the partial document is that.
        detect_noop: nothing is written when nothing would change.
        source: the `_source` option: which parts of the document the answer shows; None shows none.
        scripted: whether a script was given.
        retries: `retry_on_conflict`.
        if_seq_no: whether a condition was given.
    """

    doc: dict[str, Any] | None = None
    upsert: dict[str, Any] | None = None
    doc_as_upsert: bool = False
    detect_noop: bool = True
    source: Any = None
    scripted: bool = False
    retries: int = 0
    if_seq_no: bool = False

    def problems(self) -> list[str]:
        """What makes the whole request invalid."""
        found = []
        if not self.scripted and self.doc is None:
            found.append("script or doc is missing")
        if self.scripted and self.doc is not None:
            found.append("can't provide both script and doc")
        if self.doc_as_upsert and self.doc is None:
            found.append("doc must be specified if doc_as_upsert is enabled")
        if self.if_seq_no and self.retries > 0:
            found.append("compare and write operations can not be retried")
        return found

    def refuse_script(self) -> None:
        """The node runs no scripts.

        Raises:
            RestError: 501.
        """
        if self.scripted:
            reason = "[script] in updates is not supported by headpond; send a partial [doc]"
            raise RestError(501, "not_implemented_exception", reason)


def read_update(raw: bytes) -> tuple[UpdateRequest, dict[str, Any]]:
    """Reads the body of an update.

    Returns:
        The request; and `if_seq_no` and `if_primary_term` where the body has them.

    Raises:
        RestError: 400, the body is no JSON object, or has an unknown or unsuitable field.
    """
    body = loads(raw) if raw.strip() else {}
    if not isinstance(body, dict):
        reason = f"[1:1] [UpdateRequest] Expected START_OBJECT but was: {event(body)}"
        raise RestError(400, "x_content_parse_exception", reason)
    for name in body:
        if name not in FIELDS:
            where = line_and_column(raw, locate(raw, [name]).key)
            near = did_you_mean(name, sorted(FIELDS))
            reason = f"[{where}] [UpdateRequest] unknown field [{name}]{near}"
            raise RestError(400, "x_content_parse_exception", reason)
    request = UpdateRequest(
        doc=_object(body, "doc", raw),
        upsert=_object(body, "upsert", raw),
        doc_as_upsert=_flag(body, "doc_as_upsert", False, raw),
        detect_noop=_flag(body, "detect_noop", True, raw),
        source=body.get("_source"),
        scripted=body.get("script") is not None,
    )
    return request, {name: body[name] for name in ("if_seq_no", "if_primary_term") if name in body}


def _object(body: dict[str, Any], name: str, raw: bytes) -> dict[str, Any] | None:
    value = body.get(name)
    if value is None or isinstance(value, dict):
        return value
    where = line_and_column(raw, locate(raw, [name]).start)
    reason = f"[{where}] [UpdateRequest] {name} doesn't support values of type: {event(value)}"
    raise RestError(400, "x_content_parse_exception", reason)


def _flag(body: dict[str, Any], name: str, default: bool, raw: bytes) -> bool:
    try:
        return boolean(body.get(name, default))
    except RestError as error:
        where = line_and_column(raw, locate(raw, [name]).start)
        raise RestError(
            400,
            "x_content_parse_exception",
            f"[{where}] [UpdateRequest] failed to parse field [{name}]",
            caused_by=error,
        ) from None


def merged_source(source: dict[str, Any], changes: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The source with the changes put in, objects member by member; and whether anything is different."""
    merged, changed = dict(source), False
    for name, value in changes.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name], inner = merged_source(before, value)
            changed |= inner
        else:
            merged[name] = value
            changed = changed or name not in source or not _same(before, value)
    return merged, changed


def _same(before: Any, after: Any) -> bool:
    """Whether two JSON values are the same, numbers and booleans kept apart."""
    return exact_json.dumps(before, orjson.OPT_SORT_KEYS) == exact_json.dumps(after, orjson.OPT_SORT_KEYS)
