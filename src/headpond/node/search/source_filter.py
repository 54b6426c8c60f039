"""`_source`: which parts of a document the answer shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headpond.node.search.json import Json

_DROPPED = object()


@dataclass(frozen=True, slots=True)
class SourceFilter:
    """Paths to keep and to leave out; `*` stands for any text, dots included.

    Attributes:
        enabled: whether the source is shown at all.
        includes: only these paths and what is below them; all when empty.
        excludes: not these paths, whatever includes say.
        exclude_vectors: whether vectors are left out; None leaves them out unless `includes` asks for them.
    """

    enabled: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    exclude_vectors: bool | None = None

    @property
    def with_vectors(self) -> bool:
        """Whether vectors have to be put back into the source before it is filtered."""
        return not self.exclude_vectors if self.exclude_vectors is not None else bool(self.includes)

    def __call__(self, source: dict[str, Any], path: str = "") -> dict[str, Any]:
        """The source with what is not wanted taken out; the given one stays as it is.

        Args:
            source: a document, or the object at `path` of one.
            path: where the object is.
        """
        if not self.includes and not self.excludes:
            return source
        kept = _keep(source, path, self, included=not self.includes)
        return kept if isinstance(kept, dict) else {}


EVERYTHING = SourceFilter()


def read_source(source: Json) -> SourceFilter:
    """Reads `false`, `"title"`, `["title", "tags.*"]`, or `{"includes": [...], "excludes": [...]}`.

    Raises:
        RestError: 400 for anything else.
    """
    if isinstance(source.value, bool):
        return SourceFilter(source.value)
    if isinstance(source.value, str):
        if source.value in ("true", "false"):
            return SourceFilter(source.value == "true")
        return SourceFilter(includes=(source.value,))
    if source.is_array:
        return SourceFilter(includes=_patterns(source))
    if not source.is_object:
        expected = "VALUE_BOOLEAN, VALUE_STRING, START_ARRAY, START_OBJECT"
        raise source.parsing_error(f"Expected one of [{expected}] but found [{source.token}]")
    values: dict[str, Any] = {}
    for name, value in source.members():
        if name in ("includes", "include", "excludes", "exclude") and (value.is_array or isinstance(value.value, str)):
            values["includes" if name.startswith("in") else "excludes"] = _patterns(value)
        elif name == "exclude_vectors" and value.is_scalar:
            values["exclude_vectors"] = value.boolean()
        else:
            raise value.parsing_error(f"Unknown key for a {value.token} in [{name}].")
    return SourceFilter(**values)


def _patterns(source: Json) -> tuple[str, ...]:
    for element in source.elements():
        if not isinstance(element.value, str):
            raise element.parsing_error(f"Unknown key for a {element.token} in [{source.name}].")
    return tuple(element.value for element in source.elements())


def _keep(value: Any, path: str, wanted: SourceFilter, *, included: bool) -> Any:
    if isinstance(value, dict):
        return _keep_object(value, path, wanted, included=included)
    if isinstance(value, list):
        kept = [_keep(item, path, wanted, included=included) for item in value]
        kept = [
            item
            for item, before in zip(kept, value, strict=True)
            if item is not _DROPPED and (item != {} or before == {})
        ]
        return kept if kept or not value else _DROPPED
    return value if included else _DROPPED


def _keep_object(value: dict[str, Any], path: str, wanted: SourceFilter, *, included: bool) -> Any:
    kept: dict[str, Any] = {}
    for name, member in value.items():
        full = f"{path}.{name}" if path else name
        if _matches(wanted.excludes, full):
            continue
        inside = included or _matches(wanted.includes, full)
        if not inside and isinstance(member, dict | list) and not _leads_to(wanted.includes, full):
            continue
        result = _keep(member, full, wanted, included=inside)
        if result is not _DROPPED:
            kept[name] = result
    if kept or not value:
        return kept if included or value else _DROPPED
    # Elasticsearch leaves an emptied object behind where a pattern emptied it, and drops it where plain names did.
    return kept if included and any("*" in pattern for pattern in wanted.excludes) else _DROPPED


def _matches(patterns: tuple[str, ...], path: str) -> bool:
    return any(_expression(pattern).fullmatch(path) is not None for pattern in patterns)


def _leads_to(patterns: tuple[str, ...], path: str) -> bool:
    """Whether something below the path may match."""
    prefix = f"{path}."
    return any(pattern.startswith(prefix) or "*" in pattern for pattern in patterns)


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
