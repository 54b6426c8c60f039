"""Turns values into another type: `integer`, `long`, `float`, `double`, `string`, `boolean`, `ip` or `auto`.

Of a list every item is converted. `auto` takes the nearest type that is neither text nor address, and leaves alone what
fits none. JSON knows one kind of number with a point: a `float` is written with the digits that 32 bits hold.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field, field_validator

from headpond.errors import RestError
from headpond.stages import fields, java
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class ConvertSpec(ProcessorSpec):
    """Options of `convert`."""

    field: str = Field(description="The field to convert.")
    type: str = Field(description="The type it gets.")
    target_field: str | None = Field(None, description="Where the result is written; `field` when left out.")
    ignore_missing: bool = Field(False, description="Leave a record alone whose field is missing or null.")

    @field_validator("type")
    @classmethod
    def _is_type(cls, given: str) -> str:
        if given.lower() not in _CONVERSIONS:
            raise ValueError(f"type [{given}] not supported, cannot convert field.")
        return given.lower()


class Convert(RecordProcessor[ConvertSpec]):
    """Turns values into another type."""

    Spec = ConvertSpec

    def apply(self, record: Record) -> None:
        """Converts the value of one record, or each item of a list.

        Raises:
            ValueError: the field is missing or null.
            RestError: 400, a value cannot be converted.
        """
        spec = self.spec
        value = fields.get(record, spec.field, missing_ok=spec.ignore_missing)
        if value is None:
            if spec.ignore_missing:
                return
            raise ValueError(f"Field [{spec.field}] is null, cannot be converted to type [{spec.type}]")
        convert = _CONVERSIONS[spec.type]
        result = [convert(item) for item in value] if isinstance(value, list) else convert(value)
        fields.put(record, spec.field if spec.target_field is None else spec.target_field, result)


def _number(kind: str, parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        text = _text(value)
        try:
            number = parse(text)
        except RestError as error:
            reason = f"unable to convert [{text}] to {kind}"
            raise RestError(400, "illegal_argument_exception", reason, caused_by=error) from None
        return number if math.isfinite(number) else java.text(number)  # JSON has no other form for it

    return convert


def _text(value: Any) -> str:
    if value is None:  # an item of a list
        reason = 'Cannot invoke "Object.toString()" because "value" is null'
        raise RestError(500, "null_pointer_exception", reason)
    return java.text(value)


def _boolean(value: Any) -> bool:
    text = _text(value)
    if text.lower() not in ("true", "false"):
        reason = f"[{text}] is not a boolean value, cannot convert to boolean"
        raise RestError(400, "illegal_argument_exception", reason)
    return text.lower() == "true"


def _ip(value: Any) -> str:
    if not isinstance(value, str):
        reason = f"class {java.type_name(value)} cannot be cast to class java.lang.String"
        raise RestError(500, "class_cast_exception", reason)
    try:
        if "%" in value:
            raise ValueError
        ipaddress.ip_address(value)
    except ValueError:
        raise RestError(400, "illegal_argument_exception", f"'{value}' is not an IP string literal.") from None
    return value


def _auto(value: Any) -> Any:
    if isinstance(value, str):
        for kind in ("boolean", "integer", "long", "float"):
            try:
                return _CONVERSIONS[kind](value)
            except RestError:
                continue
    return value


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "integer": _number("integer", lambda text: java.parse_whole(text, 32, hexadecimal=True)),
    "long": _number("long", lambda text: java.parse_whole(text, 64, hexadecimal=True)),
    "float": _number("float", lambda text: java.shortest_float(java.parse_double(text))),
    "double": _number("double", java.parse_double),
    "boolean": _boolean,
    "ip": _ip,
    "string": _text,
    "auto": _auto,
}
