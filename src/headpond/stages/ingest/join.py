"""Makes one text of a list."""

from __future__ import annotations

from pydantic import Field

from headpond.errors import RestError
from headpond.stages import fields, java
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class JoinSpec(ProcessorSpec):
    """Options of `join`."""

    field: str = Field(description="The field that holds the list.")
    separator: str = Field(description="What is put between the items.")
    target_field: str | None = Field(None, description="Where the text is written; `field` when left out.")


class Join(RecordProcessor[JoinSpec]):
    """Makes one text of a list."""

    Spec = JoinSpec

    def apply(self, record: Record) -> None:
        """Joins the list of one record; numbers and booleans as they are printed.

        Raises:
            ValueError: the field is missing or no list.
            RestError: 500 `null_pointer_exception`, an item is null.
        """
        spec = self.spec
        value = fields.get(record, spec.field)
        if value is None:
            raise ValueError(f"field [{spec.field}] is null, cannot join.")
        if not isinstance(value, list):
            raise fields.cannot_cast(spec.field, value, "java.util.List")
        if None in value:
            raise RestError(500, "null_pointer_exception", f"field [{spec.field}] holds a null, cannot join.")
        joined = spec.separator.join(java.text(item) for item in value)
        fields.put(record, spec.field if spec.target_field is None else spec.target_field, joined)
