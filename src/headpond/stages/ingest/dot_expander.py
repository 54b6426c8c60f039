"""Turns fields with dots in their names into objects: `{"a.b": 1}` becomes `{"a": {"b": 1}}`."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from pydantic import Field, field_validator

from headpond.stages import fields
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class DotExpanderSpec(ProcessorSpec):
    """Options of `dot_expander`."""

    field: str = Field(description="The field with dots; `*` for all of the top level.")
    path: str | None = Field(None, description="The object that holds the field, when it is not the document.")
    override: bool = Field(False, description="Replace what is there already, instead of making a list of both.")

    @field_validator("field")
    @classmethod
    def _has_dots(cls, field: str) -> str:
        if "." not in field and field != "*":
            raise ValueError("field does not contain a dot and is not a wildcard")
        if field.startswith(".") or field.endswith("."):
            raise ValueError("Field can't start or end with a dot")
        if ".." in field:
            raise ValueError("No space between dots")
        return field


class DotExpander(RecordProcessor[DotExpanderSpec]):
    """Turns fields with dots into objects."""

    Spec = DotExpanderSpec

    def apply(self, record: Record) -> None:
        """Expands the field of one record; one that is missing is no error.

        Raises:
            ValueError: a part of the path is there already and no object.
        """
        spec = self.spec
        holder: Any = record.root
        if spec.path is not None:
            holder = fields.get(record, spec.path)
            if not isinstance(holder, dict):
                raise fields.cannot_cast(spec.path, holder, "java.util.Map")
        names = [key for key in holder if key.find(".") > 0] if spec.field == "*" else [spec.field]
        for name in names:
            self._expand(record, holder, name)

    def _expand(self, record: Record, holder: MutableMapping[str, Any], name: str) -> None:
        if name not in holder:
            return
        path = name if self.spec.path is None else f"{self.spec.path}.{name}"
        value = holder.pop(name)
        if not fields.has(record, path):
            _check_parents(record, path)
            fields.put(record, path, value)
        elif self.spec.override:
            fields.put(record, path, value)
        else:
            fields.append(record, path, value)


def _check_parents(record: Record, path: str) -> None:
    parts = path.split(".")
    for length in range(1, len(parts)):
        parent = ".".join(parts[:length])
        if not fields.has(record, parent):
            return
        if not isinstance(fields.get(record, parent), Mapping):
            raise ValueError(f"cannot expand [{path}], because [{parent}] is not an object field, but a value field")
