"""Takes a text apart by what stands between its parts: `%{clientip} [%{@timestamp}] %{status}`."""

from __future__ import annotations

from pydantic import Field, field_validator

from headpond.errors import RestError
from headpond.stages import fields
from headpond.stages.dissection import DissectError, Dissection
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class DissectSpec(ProcessorSpec):
    """Options of `dissect`."""

    field: str = Field(description="The field that holds the text.")
    pattern: str = Field(description="What the text looks like.")
    append_separator: str = Field("", description="What is put between values that are appended (`%{+name}`).")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, pattern: str) -> str:
        Dissection(pattern)
        return pattern


class Dissect(RecordProcessor[DissectSpec]):
    """Takes a text apart."""

    Spec = DissectSpec

    def __init__(self, spec: DissectSpec, name: str) -> None:
        super().__init__(spec, name)
        self._dissection = Dissection(spec.pattern, spec.append_separator)

    def apply(self, record: Record) -> None:
        """Writes the parts of one record's text.

        Raises:
            ValueError: the field is missing or no text.
            RestError: 500, the text does not fit the pattern.
        """
        spec = self.spec
        text = fields.get_text(record, spec.field, missing_ok=spec.ignore_missing)
        if text is None:
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{spec.field}] is null, cannot process it.")
        try:
            found = self._dissection.apply(text)
        except DissectError as error:
            raise RestError(500, error.kind, str(error)) from None
        for path, value in found.items():
            fields.put(record, path, value)
