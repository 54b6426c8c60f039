"""How the mapping of an index differs from the one a pipeline's file asks for, field by field.

Elasticsearch adds fields to a mapping, never changes their type, and of their parameters few. So what the index lacks
can be added, another type is a conflict, and another parameter is worth a word: the index may have been made by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Node = Mapping[str, Any]

# What Elasticsearch leaves out of `GET _mapping`; `TYPE.PARAMETER` goes before `PARAMETER`.
_DEFAULTS = {
    "analyzer": "default", "boost": "1.0", "coerce": "true", "date_detection": "true", "doc_values": "true",
    "dynamic": "true", "eager_global_ordinals": "false", "element_type": "float", "enabled": "true",
    "fielddata": "false", "format": "strict_date_optional_time||epoch_millis", "ignore_malformed": "false",
    "include_in_parent": "false", "include_in_root": "false", "index": "true", "index_options": "docs",
    "norms": "false", "numeric_detection": "false", "position_increment_gap": "100", "split_queries_on_whitespace":
    "false", "store": "false", "subobjects": "true", "text.analyzer": "standard", "text.index_options": "positions",
    "text.norms": "true", "text.similarity": "bm25",
}  # fmt: skip
# Filled in from the endpoint or by the target, so what the file leaves out says nothing.
_FILLED = {"dense_vector", "sparse_vector", "semantic_text", "rank_vectors"}
_STRUCTURE = {"properties", "fields", "type", "_meta"}


@dataclass(slots=True)
class Difference:
    """What differs.

    Attributes:
        additions: `properties` for `PUT _mapping` with everything the index lacks.
        added: the paths of what is in `additions`; of an object that is missing as a whole, the object's.
        conflicts: fields of another type, each a text that names the path and both types.
        parameters: other parameters that differ, likewise.
    """

    additions: dict[str, Any] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)


def compare(wanted: Node, existing: Node) -> Difference:
    """Holds an index against a file.

    Args:
        wanted: the `mappings` of the file.
        existing: the `mappings` of `GET _mapping`.
    """
    difference = Difference()
    _parameters(wanted, existing, "", difference, both_ways=False)
    difference.additions = _properties(wanted, existing, "", difference)
    return difference


def _properties(wanted: Node, existing: Node, prefix: str, difference: Difference) -> dict[str, Any]:
    """What has to be added below an object; notes what differs there."""
    additions: dict[str, Any] = {}
    there: Node = existing.get("properties") or {}
    for name, definition in (wanted.get("properties") or {}).items():
        path = f"{prefix}{name}"
        if name not in there:
            additions[name] = definition
            difference.added.append(path)
            continue
        addition = _field(definition, there[name], path, difference)
        if addition:
            additions[name] = addition
    return additions


def _field(wanted: Node, existing: Node, path: str, difference: Difference) -> dict[str, Any] | None:
    """What has to be sent to complete a field: all of it, as parameters that are left out fall back to defaults."""
    kind, got = _type(wanted), _type(existing)
    if kind != got:
        difference.conflicts.append(f"[{path}] is of type {got} there and {kind} in the file")
        return None
    _parameters(wanted, existing, path, difference, both_ways=kind not in _FILLED)
    own = {key: value for key, value in existing.items() if key != "properties"}
    if kind in ("object", "nested"):
        below = _properties(wanted, existing, f"{path}.", difference)
        return {**own, "properties": below} if below else None
    multi = {"properties": wanted.get("fields")}, {"properties": existing.get("fields")}
    fields = _properties(*multi, f"{path}.", difference)
    return {**own, "fields": {**(existing.get("fields") or {}), **fields}} if fields else None


def _parameters(wanted: Node, existing: Node, path: str, difference: Difference, *, both_ways: bool) -> None:
    kind = _type(wanted)
    for name in wanted.keys() | existing.keys():
        if name in _STRUCTURE or (name not in wanted and not both_ways):
            continue
        default = _DEFAULTS.get(f"{kind}.{name}", _DEFAULTS.get(name))
        given, got = wanted.get(name, default), existing.get(name, default)
        if name not in wanted and default is None:
            continue
        if not _same(given, got):
            of = f"[{name}] of [{path}]" if path else f"[{name}]"
            difference.parameters.append(f"{of} is {_shown(got)} there and {_shown(given)} in the file")
    difference.parameters.sort()


def _same(wanted: Any, got: Any) -> bool:
    """Whether they mean the same; an object may have more there, as the target fills in defaults."""
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return all(key in got and _same(value, got[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(_same(*pair) for pair in zip(wanted, got, strict=True))
    return str(wanted).lower() == str(got).lower() or _number(wanted) == _number(got) is not None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _type(definition: Node) -> str:
    return str(definition.get("type", "object"))
