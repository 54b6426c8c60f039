"""Fields of a hit: read from its `_source`, else from its `fields`, and written to both."""

from __future__ import annotations

from typing import Any

from headpond.stages import path
from headpond.stages.response.base import Hit

_METADATA = ("_id", "_index", "_score")


def get(hit: Hit, field: str) -> Any:
    """The value of a field, of `_id`, `_index` or `_score`; None when the hit has none.

    What an answer's `fields` holds is always a list; a single value comes without it.
    """
    if field in _METADATA:
        return hit.get(field)
    value = path.get(hit.get("_source") or {}, field)
    if value is not None:
        return value
    values = (hit.get("fields") or {}).get(field)
    return values[0] if isinstance(values, list) and len(values) == 1 else values


def has(hit: Hit, field: str) -> bool:
    """Whether a hit has a value there."""
    return get(hit, field) is not None


def put(hit: Hit, field: str, value: Any) -> None:
    """Writes a field to the hit's `_source`, and to its `fields` where it has these; what is changed is copied first.

    Raises:
        ValueError: a part of the path is no object.
    """
    source = dict(hit.get("_source") or {})
    *above, last = field.split(".")
    node = source
    for name in above:
        below = node.get(name, {})
        if not isinstance(below, dict):
            raise ValueError(f"[{name}] of [{field}] is no object")
        node[name] = node = dict(below)
    node[last] = value
    hit["_source"] = source
    if "fields" in hit:
        hit["fields"] = {**hit["fields"], field: value if isinstance(value, list) else [value]}


def rename(hit: Hit, field: str, target: str) -> None:
    """Moves a field of the hit's `_source` and of its `fields` to another name.

    Raises:
        ValueError: a part of the path is no object.
    """
    stored = dict(hit["fields"]) if "fields" in hit else None
    value = path.get(hit.get("_source") or {}, field)
    if value is not None:
        put(hit, target, value)
        hit["_source"] = _without(hit["_source"], field)
    if stored is not None:
        if field in stored:
            stored[target] = stored.pop(field)
        hit["fields"] = stored


def _without(node: dict[str, Any], field: str) -> dict[str, Any]:
    """A copy without what `path.get` finds; what is not on the way there is shared."""
    if field in node:
        return {key: value for key, value in node.items() if key != field}
    head, _, rest = field.partition(".")
    below = node.get(head)
    return {**node, head: _without(below, rest)} if isinstance(below, dict) and rest else node
