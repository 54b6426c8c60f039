"""The value that `set` and `append` write: JSON with snippets, or a copy of another field."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from headpond.stages import fields, template
from headpond.stages.ingest.base import ProcessorSpec, wrong_option
from headpond.stages.record import Record


class ValueSpec(ProcessorSpec):
    """Options of both."""

    field: str = Field(description="The field to write; snippets are allowed.")
    value: Any = Field(None, description="What to write; `{{{field}}}` in a text is replaced by that field.")
    copy_from: str | None = Field(None, description="The field to copy, with its type; instead of `value`.")
    media_type: str = Field(
        template.JSON,
        description="How `{{field}}` with two braces is encoded: `application/json`, `text/plain` or "
        "`application/x-www-form-urlencoded`.",
    )

    @field_validator("field")
    @classmethod
    def _is_template(cls, name: str) -> str:
        template.compile(name)
        return name

    @field_validator("media_type")
    @classmethod
    def _is_media_type(cls, given: str) -> str:
        if given not in template.MEDIA_TYPES:
            raise ValueError(f"property does not contain a supported media type [{given}]")
        return given

    @model_validator(mode="after")
    def _one_value(self) -> Self:
        if self.copy_from is not None and self.value is not None:
            wrong_option("copy_from", "cannot set both `copy_from` and `value` in the same processor")
        if self.copy_from is None and self.value is None:
            wrong_option("value", "required property is missing")
        template.resolved(self.value, self.media_type)
        return self

    def source(self) -> Callable[[Record, bool], Any]:
        """A function that gives the value for a record; the flag says whether a missing field to copy is null."""
        if self.copy_from is None:
            value = template.resolved(self.value, self.media_type)
            return lambda record, missing_ok: value(record)
        path = self.copy_from
        return lambda record, missing_ok: deepcopy(fields.get(record, path, missing_ok=missing_ok))
