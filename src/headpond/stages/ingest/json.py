"""Turns a text that holds JSON into what it stands for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, MutableMapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from headpond.stages import fields, java
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor, wrong_option
from headpond.stages.record import Record


class JsonSpec(ProcessorSpec):
    """Options of `json`."""

    field: str = Field(description="The field that holds the text.")
    target_field: str | None = Field(None, description="Where the value is written; `field` when left out.")
    add_to_root: bool = Field(False, description="Write the members of the object to the top level of the document.")
    add_to_root_conflict_strategy: str | None = Field(
        None, description="With `add_to_root`: `replace` (default) or `merge` objects that are there already."
    )
    allow_duplicate_keys: bool = Field(False, description="Let the last one of several equal keys win.")
    strict_json_parsing: bool = Field(True, description="Refuse a text that goes on behind the first JSON value.")

    @field_validator("add_to_root_conflict_strategy")
    @classmethod
    def _is_strategy(cls, given: str) -> str:
        if given.lower() not in ("replace", "merge"):
            raise ValueError(f"conflict strategy [{given}] not supported, cannot convert field.")
        return given.lower()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.add_to_root and self.target_field is not None:
            wrong_option("target_field", "Cannot set a target field while also setting `add_to_root` to true")
        if not self.add_to_root and self.add_to_root_conflict_strategy is not None:
            wrong_option(
                "add_to_root_conflict_strategy",
                "Cannot set `add_to_root_conflict_strategy` if `add_to_root` is false",
            )
        return self


class Json(RecordProcessor[JsonSpec]):
    """Turns a text into the JSON that it holds."""

    Spec = JsonSpec

    def apply(self, record: Record) -> None:
        """Parses the text of one record.

        Raises:
            ValueError: the field is missing, or its text is no JSON.
        """
        spec = self.spec
        if not spec.add_to_root:
            value = self._parsed(fields.get(record, spec.field))
            fields.put(record, spec.field if spec.target_field is None else spec.target_field, value)
            return
        found = self._parsed(record.root.get(spec.field))
        if not isinstance(found, dict):
            raise ValueError("cannot add non-map fields to root of document")
        if spec.add_to_root_conflict_strategy == "merge":
            _merge(record.root, found)
        else:
            record.root.update(found)

    def _parsed(self, value: Any) -> Any:
        text = java.text(value)
        stripped = text.lstrip()
        if not stripped:
            return None
        hook = dict if self.spec.allow_duplicate_keys else _without_duplicates
        decoder = json.JSONDecoder(object_pairs_hook=hook, parse_constant=_refuse_constant, parse_float=_number)
        try:
            found, end = decoder.raw_decode(stripped)
        except json.JSONDecodeError as error:
            raise ValueError(f"the text is no JSON: {error.msg} at character {error.pos + 1}") from None
        if self.spec.strict_json_parsing and stripped[end:].strip():
            raise ValueError(f"The input {text} is not valid JSON and the strict_json_parsing parameter is true")
        return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"Duplicate field '{key}'")
        found[key] = value
    return found


def _number(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else java.text(number)  # JSON has no other form for it


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"Non-standard token '{name}': not allowed in JSON")


def _merge(target: MutableMapping[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        before = target.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            _merge(before, value)
        else:
            target[key] = value
