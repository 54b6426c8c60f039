"""Sorts a list of numbers, or of texts by their code units."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from headpond.errors import RestError
from headpond.stages import fields, java
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class SortSpec(ProcessorSpec):
    """Options of `sort`."""

    field: str = Field(description="The field that holds the list.")
    order: str = Field("asc", description="`asc` or `desc`.")
    target_field: str | None = Field(None, description="Where the sorted list is written; `field` when left out.")

    @field_validator("order")
    @classmethod
    def _is_order(cls, order: str) -> str:
        if order not in ("asc", "desc"):
            raise ValueError(f"Sort direction [{order}] not recognized. Valid values are: [asc, desc]")
        return order


class Sort(RecordProcessor[SortSpec]):
    """Sorts a list."""

    Spec = SortSpec

    def apply(self, record: Record) -> None:
        """Sorts the list of one record.

        Raises:
            ValueError: the field is missing or no list.
            RestError: 500 `class_cast_exception`, the items cannot be compared.
        """
        spec = self.spec
        value = fields.get(record, spec.field)
        if value is None:
            raise ValueError(f"field [{spec.field}] is null, cannot sort.")
        if not isinstance(value, list):
            raise fields.cannot_cast(spec.field, value, "java.util.List")
        kinds = {java.type_name(item) for item in value}
        if len(value) > 1 and (len(kinds) > 1 or kinds & {"null", "java.util.HashMap", "java.util.ArrayList"}):
            listed = " and ".join(sorted(f"class {kind}" for kind in kinds))
            raise RestError(500, "class_cast_exception", f"items of the list cannot be compared: {listed}")
        ordered = sorted(value, key=_code_units, reverse=spec.order == "desc") if len(value) > 1 else list(value)
        fields.put(record, spec.field if spec.target_field is None else spec.target_field, ordered)


def _code_units(item: Any) -> Any:
    return item.encode("utf-16-be", "surrogatepass") if isinstance(item, str) else item
