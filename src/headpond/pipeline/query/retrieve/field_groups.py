"""The fields of `query` and `fields`: lexical ones are searched together, semantic ones each for itself.

Source: "Field grouping" in Elasticsearch's reference of retrievers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

SEMANTIC = "semantic_text"


@dataclass(frozen=True, slots=True)
class FieldGroups:
    """What has to be known of an index.

    Attributes:
        semantic: its `semantic_text` fields.
        default: what is searched when no fields are given (`index.query.default_field`), as `field` or `field^boost`.
    """

    semantic: frozenset[str] = frozenset()
    default: tuple[str, ...] = ("*",)


def queried(fields: Sequence[str] | None, groups: FieldGroups) -> tuple[dict[str, float], dict[str, float]]:
    """The lexical and the semantic fields that are searched, each with its boost.

    Raises:
        ValueError: a boost is no number of 0 or more.
    """
    boosts: dict[str, float] = {}
    for given in fields or groups.default:
        name, boost = _parsed(given)
        boosts[name] = boosts.get(name, 1.0) * boost
    semantic: dict[str, float] = {}
    for pattern, boost in boosts.items():
        for name in sorted(groups.semantic):
            if name == pattern or ("*" in pattern and fnmatchcase(name, pattern)):
                semantic[name] = semantic.get(name, 1.0) * boost
    return {name: boost for name, boost in boosts.items() if name not in semantic}, semantic


def lexical(query: str, fields: Mapping[str, float]) -> dict[str, Any]:
    """The retriever of all lexical fields."""
    named = [name if boost == 1 else f"{name}^{boost:g}" for name, boost in fields.items()]
    return {"standard": {"query": {"multi_match": {"query": query, "type": "most_fields", "fields": named}}}}


def semantic_fields(mappings: Mapping[str, Any]) -> Iterator[str]:
    """The paths of all `semantic_text` fields of a mapping's `properties`, inner objects and multi-fields included."""
    for name, field in mappings.items():
        if field.get("type") == SEMANTIC:
            yield name
        for below in ("properties", "fields"):
            yield from (f"{name}.{path}" for path in semantic_fields(field.get(below) or {}))


def asks_for_fields(retriever: Any) -> bool:
    """Whether a retriever, or one below it, has the form with `query` and `fields`."""
    if not isinstance(retriever, dict):
        return False
    for kind, options in retriever.items():
        if not isinstance(options, dict):
            continue
        if kind in ("rrf", "linear") and "query" in options:
            return True
        listed = options.get("retrievers")
        children = [options.get("retriever"), *(listed if isinstance(listed, list) else [])]
        below = [child.get("retriever", child) if isinstance(child, dict) else child for child in children]
        if any(asks_for_fields(child) for child in below):
            return True
    return False


def _parsed(given: str) -> tuple[str, float]:
    name, mark, boost = given.partition("^")
    try:
        value = float(boost) if mark else 1.0
    except ValueError:
        raise ValueError(f"[{given}] is no field with a boost, as in [title^2]") from None
    if not value >= 0:
        raise ValueError("per-field weights must be non-negative")
    return name, value
