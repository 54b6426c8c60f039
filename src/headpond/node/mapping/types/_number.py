"""What all number types share: coercion, ranges and Elasticsearch's messages."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from headpond.errors import RestError
from headpond.node.analysis.analysis import Analysis
from headpond.node.mapping.base import COMMON, BadValue, FieldType, Parameter, boolean
from headpond.node.mapping.json_token import not_of_type, parser_error
from headpond.node.store.sink import FieldSink


class NumberType(FieldType):
    """A number with a column; queries on numbers score 1, as there are no terms."""

    ordered = True
    parameters: ClassVar[dict[str, Parameter]] = {
        **COMMON,
        "index": Parameter(default=True, read=boolean),
        "doc_values": Parameter(default=True, read=boolean),
        "coerce": Parameter(default=True, updatable=True, read=boolean),
        "ignore_malformed": Parameter(default=False, updatable=True, read=boolean),
        "null_value": Parameter(),
        "time_series_dimension": Parameter(default=False, read=boolean),
        "time_series_metric": Parameter(updatable=True),
    }

    def configure(self, analysis: Analysis) -> None:
        """Checks the null value."""
        value = self.option("null_value")
        if value is not None:
            try:
                self.parse(value, coerce=True)
            except BadValue as error:
                kind = "number_format_exception" if error.reason.startswith("For input") else error.type
                raise RestError(400, kind, error.reason) from None

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds the value to the column."""
        if value == "" and self.option("coerce") and isinstance(value, str):
            self.null(sink)
            return
        number = self.parse(value, coerce=self.option("coerce"))
        if self.option("doc_values") or self.option("index"):
            sink.number(self.path, number)

    def parse(self, value: Any, *, coerce: bool) -> float | int:
        """The stored number.

        Raises:
            BadValue: the value is not a number of this type.
        """
        raise NotImplementedError

    def number(self, value: Any, *, round_up: bool = False) -> float | int:
        """The number a query's value stands for; it may lie outside the type's range."""
        number = as_number(value)
        if number is None:
            reason = f'failed to create query: For input string: "{value}"'
            cause = RestError(400, "number_format_exception", f'For input string: "{value}"')
            raise RestError(400, "query_shard_exception", reason, caused_by=cause)
        return number


def as_number(value: Any) -> float | int | None:
    """A JSON number, or a string that is one; None otherwise."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
        try:
            return float(value)
        except ValueError:
            return None
    return None


class WholeType(NumberType):
    """An integer type.

    Attributes:
        bits: size, signed.
        parsed_as: the Java type Elasticsearch's JSON parser reads it with, which words range errors; None where the
            field does.
    """

    bits: ClassVar[int]
    parsed_as: ClassVar[str | None] = None

    def parse(self, value: Any, *, coerce: bool) -> int:
        """An integer; fractions are cut off when coercing."""
        lowest, highest = -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        if isinstance(value, int) and not isinstance(value, bool):
            if lowest <= value <= highest:
                return value
            raise self._out_of_range(value, str(value), lowest, highest)
        if isinstance(value, float):
            if not math.isfinite(value) or not lowest <= math.trunc(value) <= highest:
                raise self._out_of_range(value, repr(value), lowest, highest)
            if not coerce and not value.is_integer():
                raise BadValue(f"{value} cannot be converted to {self._java()} without data loss")
            return math.trunc(value)
        if isinstance(value, str):
            return self._from_text(value, coerce, lowest, highest)
        if isinstance(value, dict):
            raise BadValue("Cannot parse object as number", at_end=True)
        raise not_of_type(value, "not numeric, can not use numeric value accessors")

    def _from_text(self, text: str, coerce: bool, lowest: int, highest: int) -> int:
        if not coerce:
            raise BadValue(f"{self.type.capitalize()} value passed as String")
        try:
            exact = Decimal(text)
        except InvalidOperation:
            raise self._no_number(text) from None
        if not exact.is_finite():
            raise self._no_number(text)
        if not lowest <= exact <= highest:
            raise BadValue(f"Value [{text}] is out of range for {self._article()}")
        return int(exact)

    def _no_number(self, text: str) -> BadValue:
        """Java reads longs in another way than the other whole numbers."""
        kind = "illegal_argument_exception" if self.bits == 64 else "number_format_exception"
        return BadValue(f'For input string: "{text}"', type=kind)

    def _out_of_range(self, value: float | int, shown: str, lowest: int, highest: int) -> BadValue:
        if self.parsed_as is None:
            return BadValue(f"Value [{shown}] is out of range for {self._article()}")
        limits = "" if self.parsed_as == "Java short" else f" ({lowest} - {highest})"
        text = f"Numeric value ({shown}) out of range of {self.parsed_as}{limits}"
        return parser_error(text, "input_coercion_exception")

    def _java(self) -> str:
        return {"integer": "Integer"}.get(self.type, self.type.capitalize())

    def _article(self) -> str:
        return f"an {self.type}" if self.type[0] in "aeiou" else f"a {self.type}"


class FloatType(NumberType):
    """A floating-point type."""

    def parse(self, value: Any, *, coerce: bool) -> float:
        """A finite number, rounded to the type's precision."""
        if isinstance(value, dict):
            raise BadValue("Cannot parse object as number", at_end=True)
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise not_of_type(value, "not numeric, can not use numeric value accessors")
        text = isinstance(value, str)
        if isinstance(value, str):
            if not coerce:
                raise BadValue(f"{self.type.capitalize()} value passed as String")
            try:
                value = float(value)
            except ValueError:
                raise BadValue(f'For input string: "{value}"', type="number_format_exception") from None
        number = self.rounded(float(value))
        if not math.isfinite(number):
            shown = "NaN" if number != number else self.unbounded(float(value))
            whole = "Infinity" if shown == "Infinity" and isinstance(value, float) and not text else None
            raise BadValue(f"[{self.type}] supports only finite values, but got [{shown}]", shown=whole)
        return number

    def number(self, value: Any, *, round_up: bool = False) -> float | int:
        """The number a query's value stands for, rounded to the type's precision."""
        return self.rounded(float(super().number(value, round_up=round_up)))

    def rounded(self, value: float) -> float:
        """The nearest number that the type can hold."""
        return value

    def unbounded(self, value: float) -> str:
        """How messages show a value that is too large."""
        return "Infinity" if value > 0 else "-Infinity"
