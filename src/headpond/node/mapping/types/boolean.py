"""`boolean`."""

from __future__ import annotations

from typing import Any, ClassVar

from headpond.errors import RestError
from headpond.node.mapping.base import COMMON, BadValue, FieldType, Parameter
from headpond.node.mapping.base import boolean as read_boolean
from headpond.node.mapping.json_token import not_of_type
from headpond.node.store.sink import FieldSink


class Boolean(FieldType):
    """True and false; the column holds 1 and 0."""

    type = "boolean"
    ordered = True
    parameters: ClassVar[dict[str, Parameter]] = {
        **COMMON,
        "index": Parameter(default=True, read=read_boolean),
        "doc_values": Parameter(default=True, read=read_boolean),
        "null_value": Parameter(read=lambda value: None if value is None else read_boolean(value)),
        "ignore_malformed": Parameter(default=False, read=read_boolean),
        "time_series_dimension": Parameter(default=False, read=read_boolean),
    }

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds the value as a term and a column value."""
        truth = self._truth(value)
        if self.option("index"):
            sink.term(self.path, "T" if truth else "F")
        if self.option("doc_values"):
            sink.number(self.path, int(truth))

    @staticmethod
    def _truth(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value in ("true", "false", ""):
                return value == "true"
            raise BadValue(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
        raise not_of_type(value, "not of boolean type")

    def term(self, value: Any) -> str:
        """`T` or `F`."""
        return "T" if self.number(value) else "F"

    def number(self, value: Any, *, round_up: bool = False) -> int:
        """1 for true, 0 for false."""
        if value is True or value == "true":
            return 1
        if value is False or value in ("false", ""):
            return 0
        reason = f"Can't parse boolean value [{value}], expected [true] or [false]"
        raise RestError(400, "illegal_argument_exception", reason)
