"""Takes fields out, or keeps only some."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from headpond.stages import path
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record

Fields = Annotated[list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)]


class RemoveSpec(ProcessorSpec):
    """Options of `remove`."""

    field: Fields | None = Field(None, description="A field or a list of fields to take out.")
    keep: Fields | None = Field(None, description="Fields to keep; everything else is taken out. Instead of `field`.")
    ignore_missing: bool = Field(False, description="Do not fail for a record that lacks a field.")

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if (self.field is None) == (self.keep is None):
            raise ValueError("give either [field] or [keep]")
        return self


class Remove(RecordProcessor[RemoveSpec]):
    """Takes fields out."""

    Spec = RemoveSpec

    def apply(self, record: Record) -> None:
        """Takes the fields out of one record.

        Raises:
            ValueError: a field is missing.
        """
        if self.spec.keep is not None:
            kept = {name: path.get(record.document, name) for name in self.spec.keep}
            record.document.clear()
            for name, value in kept.items():
                if value is not path.MISSING:
                    path.put(record.document, name, value)
            return
        for name in self.spec.field or ():
            if not path.remove(record.document, name) and not self.spec.ignore_missing:
                raise ValueError(f"field [{name}] is missing, it cannot be removed")
