"""Takes a line of CSV apart into fields; an empty value leaves its field alone unless there is an `empty_value`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from headpond.stages import csv_line, fields
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class CsvSpec(ProcessorSpec):
    """Options of `csv`."""

    field: str = Field(description="The field that holds the line.")
    target_fields: list[str] = Field(description="The fields that the values are written to, in order.")
    separator: str = Field(",", description="What stands between values, one character.")
    quote: str = Field('"', description="What stands around values that hold separators, one character.")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")
    trim: bool = Field(False, description="Take blanks away around values that are not quoted.")
    empty_value: Any = Field(None, description="What is written for an empty value; nothing when left out.")

    @field_validator("target_fields")
    @classmethod
    def _has_targets(cls, given: list[str]) -> list[str]:
        if not given:
            raise ValueError("target fields list can't be empty")
        return given

    @field_validator("separator")
    @classmethod
    def _is_separator(cls, given: str) -> str:
        if len(given) != 1:
            raise ValueError("separator has to be single character like , or ;")
        return given

    @field_validator("quote")
    @classmethod
    def _is_quote(cls, given: str) -> str:
        if len(given) != 1:
            raise ValueError("quote has to be single character like \" or '")
        return given


class Csv(RecordProcessor[CsvSpec]):
    """Takes a line of CSV apart."""

    Spec = CsvSpec

    def apply(self, record: Record) -> None:
        """Writes the values of one record's line.

        Raises:
            ValueError: the field is missing or no text, or the line is no CSV.
        """
        spec = self.spec
        line = fields.get_text(record, spec.field, missing_ok=spec.ignore_missing)
        if line is None:
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{spec.field}] is null, cannot process it.")
        found = csv_line.values(line, separator=spec.separator, quote=spec.quote, trim=spec.trim)
        for path, value in zip(spec.target_fields, found, strict=False):
            if value or spec.empty_value is not None:
                fields.put(record, path, value or spec.empty_value)
