"""Values of fields out of a document's source, for `fields` and for rerankers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from headpond.errors import RestError
from headpond.node.mapping.base import FieldType
from headpond.node.mapping.mapping import Mapping
from headpond.node.mapping.types.date import Date
from headpond.node.mapping.types.dense_vector import DenseVector
from headpond.node.search.date_text import shown_date
from headpond.node.search.field_pattern import FieldPattern


@dataclass(frozen=True, slots=True)
class FieldValues:
    """Reads the fields of one index out of sources."""

    mapping: Mapping

    def of(self, source: dict[str, Any], path: str) -> list[Any]:
        """The values of one field of the root document, flattened; [] when there are none."""
        field = self.mapping.field(path)
        if field is None or self.mapping.nested_path_of(field.path) is not None:
            return []
        return self._read(source, field, "", None)

    def matching(
        self, source: dict[str, Any], patterns: Sequence[FieldPattern], scope: str = "", ignored: Set[str] = frozenset()
    ) -> dict[str, list[Any]]:
        """The fields that fit the patterns, by path; nested objects become lists of such answers.

        Args:
            source: a document, or the nested object at `scope` of one.
            patterns: what is wanted; of several that fit a field the last one's format counts.
            scope: nested path of the object.
            ignored: paths whose values were not indexed, and are left out.

        Raises:
            RestError: 400, a format for a field that has none.
        """
        found: dict[str, list[Any]] = {}
        for field, format in self._fields(patterns):
            if (scope and not field.path.startswith(f"{scope}.")) or field.path in ignored:
                continue
            nested = self._outermost(field.path, scope)
            if nested is None:
                found[field.path] = self._read(source, field, scope, format)
            elif nested not in found:
                inner = [self.matching(item, patterns, nested) for item in _walk(source, _below(nested, scope))]
                found[nested] = [{_below(path, nested): item[path] for path in item} for item in inner if item]
        return {path: values for path, values in found.items() if values}

    def fits(self, path: str, patterns: Sequence[FieldPattern]) -> bool:
        """Whether a field is one of those the patterns name."""
        return any(field.path == path for field, _ in self._fields(patterns))

    def _fields(self, patterns: Sequence[FieldPattern]) -> list[tuple[FieldType, str | None]]:
        fitting: dict[str, tuple[FieldType, str | None]] = {}
        for wanted in patterns:
            for field in self.mapping.fields_matching(wanted.pattern):
                if wanted.format is not None and not isinstance(field, Date):
                    reason = f"Field [{field.path}] of type [{field.type}] doesn't support formats."
                    raise RestError(400, "illegal_argument_exception", f"error fetching [{field.path}]: {reason}")
                fitting[field.path] = (field, wanted.format)
        return list(fitting.values())

    def _outermost(self, path: str, scope: str) -> str | None:
        """The outermost nested object inside the scope that holds the field."""
        nested, outermost = self.mapping.nested_path_of(path), None
        while nested is not None and nested != scope and len(nested) > len(scope):
            outermost = nested
            parent = nested.rpartition(".")[0]
            nested = self.mapping.nested_path_of(parent) if parent else None
        return outermost

    def _read(self, source: dict[str, Any], field: FieldType, scope: str, format: str | None) -> list[Any]:
        path = field.path
        parent = self.mapping.field(path.rpartition(".")[0])
        if parent is not None:
            path = parent.path
        return [_shown(field, value, format) for value in _walk(source, _below(path, scope)) if value is not None]


def _below(path: str, scope: str) -> str:
    return path[len(scope) + 1 :] if scope else path


def _walk(value: Any, path: str) -> Iterator[Any]:
    """All values at a path, arrays flattened; names may hold dots."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, path)
        return
    if not path:
        yield value
        return
    if not isinstance(value, dict):
        return
    for name, member in value.items():
        if path == name:
            yield from _walk(member, "")
        elif path.startswith(f"{name}."):
            yield from _walk(member, path[len(name) + 1 :])


def _shown(field: FieldType, value: Any, format: str | None) -> Any:
    if isinstance(field, Date):
        return shown_date(field, value, format)
    if field.type in ("float", "double", "half_float") and isinstance(value, int | str):
        return float(value)
    if field.type in ("long", "integer", "short", "byte") and isinstance(value, float | str):
        return int(float(value))
    if field.type == "boolean":
        return value in (True, "true")
    if isinstance(field, DenseVector) and field.element_type == "float":
        return float(value)
    if field.type in ("text", "keyword") and not isinstance(value, str):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    return value
