"""Cuts a text into a list where a regular expression (Java's) matches."""

from __future__ import annotations

from pydantic import Field, field_validator

from headpond.stages import fields, java_matcher, java_regex
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class SplitSpec(ProcessorSpec):
    """Options of `split`."""

    field: str = Field(description="The field that holds the text.")
    separator: str = Field(description="What stands between the parts, a regular expression: `,` or `\\s+`.")
    target_field: str | None = Field(None, description="Where the list is written; `field` when left out.")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")
    preserve_trailing: bool = Field(False, description="Keep empty parts at the end.")

    @field_validator("separator")
    @classmethod
    def _is_regex(cls, separator: str) -> str:
        java_regex.compile(separator)
        return separator


class Split(RecordProcessor[SplitSpec]):
    """Cuts a text into a list."""

    Spec = SplitSpec

    def __init__(self, spec: SplitSpec, name: str) -> None:
        super().__init__(spec, name)
        self._separator = java_regex.compile(spec.separator)

    def apply(self, record: Record) -> None:
        """Cuts the text of one record.

        Raises:
            ValueError: the field is missing or no text.
        """
        spec = self.spec
        text = fields.get_text(record, spec.field, missing_ok=spec.ignore_missing)
        if text is None:
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{spec.field}] is null, cannot split.")
        parts = java_matcher.split(self._separator, text, -1 if spec.preserve_trailing else 0)
        fields.put(record, spec.field if spec.target_field is None else spec.target_field, parts)
