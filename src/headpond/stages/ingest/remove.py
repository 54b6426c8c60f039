"""Takes fields out, or keeps only some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from headpond.stages import fields, template
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor, wrong_option
from headpond.stages.one_or_more import OneOrMore
from headpond.stages.record import METADATA, Record


class RemoveSpec(ProcessorSpec):
    """Options of `remove`."""

    field: OneOrMore = Field(default_factory=list, description="A field or a list of fields to take out.")
    keep: OneOrMore = Field(
        default_factory=list, description="Fields to keep; everything else is taken out. Instead of `field`."
    )
    ignore_missing: bool = Field(False, description="Do not fail for a record that lacks a field.")

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if not self.field and not self.keep:
            wrong_option("keep", "or [field] must be specified")
        if self.field and self.keep:
            wrong_option("keep", "and [field] cannot both be used in the same processor")
        for name in (*self.field, *self.keep):
            template.compile(name)
        return self


class Remove(RecordProcessor[RemoveSpec]):
    """Takes fields out."""

    Spec = RemoveSpec

    def __init__(self, spec: RemoveSpec, name: str) -> None:
        super().__init__(spec, name)
        self._field = [template.compile(field) for field in spec.field]
        self._keep = [template.compile(field) for field in spec.keep]

    def apply(self, record: Record) -> None:
        """Takes the fields out of one record.

        Raises:
            ValueError: a field is missing.
        """
        if self._keep:
            self._keep_only(record, [field.render(record) for field in self._keep])
            return
        for field in self._field:
            path = field.render(record)
            if not self.spec.ignore_missing or fields.has(record, path):
                fields.remove(record, path)

    def _keep_only(self, record: Record, kept: list[str]) -> None:
        """Takes out what neither is kept, nor lies below or above what is."""
        for path in list(_paths(record.root)):
            around = any(path == one or one.startswith(f"{path}.") or path.startswith(f"{one}.") for one in kept)
            if path not in METADATA and not around and fields.has(record, path):
                fields.remove(record, path)


def _paths(node: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Every field of an object, those of objects in it too."""
    for key, value in node.items():
        yield above + key
        if isinstance(value, Mapping):
            yield from _paths(value, f"{above}{key}.")
