"""Writes a field: a value, a text with `{{other}}` fields in it, or a copy of another field."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from headpond.stages import path, template
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class SetSpec(ProcessorSpec):
    """Options of `set`."""

    field: str = Field(description="The field to write; snippets are allowed.")
    value: Any = Field(None, description="What to write; `{{field}}` in a text is replaced by that field.")
    copy_from: str | None = Field(None, description="The field to copy, with its type; instead of `value`.")
    override: bool = Field(True, description="Whether a field that has a value already is written.")
    ignore_empty_value: bool = Field(False, description="Leave the field alone when the value is null or empty.")

    refused: ClassVar[Mapping[str, str]] = {"media_type": "values are JSON here, leave it out"}

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        given = self.model_fields_set & {"value", "copy_from"}
        if len(given) != 1:
            raise ValueError("give either [value] or [copy_from]")
        template.names(self.field)
        template.names(self.value)
        return self


class Set(RecordProcessor[SetSpec]):
    """Writes a field."""

    Spec = SetSpec

    def apply(self, record: Record) -> None:
        """Writes the field of one record.

        Raises:
            ValueError: `copy_from` names a field that is missing, or the field cannot be written.
        """
        spec = self.spec
        field = template.render(spec.field, record.value)
        if not spec.override and path.get(record.document, field) not in (path.MISSING, None):
            return
        value = self._value(record)
        if spec.ignore_empty_value and value in (None, ""):
            return
        path.put(record.document, field, value)

    def _value(self, record: Record) -> Any:
        if self.spec.copy_from is None:
            return template.render(self.spec.value, record.value)
        found = record.value(self.spec.copy_from)
        if found is path.MISSING:
            if self.spec.ignore_empty_value:
                return None
            raise ValueError(f"field [{self.spec.copy_from}] is missing, it cannot be copied")
        return deepcopy(found)
