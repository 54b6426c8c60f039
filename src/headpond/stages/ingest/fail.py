"""Fails a record on purpose, with a message of your own. Use it with `if`."""

from __future__ import annotations

from pydantic import Field, field_validator

from headpond.errors import RestError
from headpond.stages import template
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class FailSpec(ProcessorSpec):
    """Options of `fail`."""

    message: str = Field(description="What the failure says; snippets are allowed.")

    @field_validator("message")
    @classmethod
    def _is_template(cls, message: str) -> str:
        template.compile(message)
        return message


class Fail(RecordProcessor[FailSpec]):
    """Fails a record."""

    Spec = FailSpec

    def __init__(self, spec: FailSpec, name: str) -> None:
        super().__init__(spec, name)
        self._message = template.compile(spec.message)

    def apply(self, record: Record) -> None:
        """Fails the record.

        Raises:
            RestError: 500 `fail_processor_exception`, always.
        """
        raise RestError(500, "fail_processor_exception", self._message.render(record))
