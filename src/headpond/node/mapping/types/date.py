"""`date`: a point in time, in milliseconds."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from headpond.errors import RestError
from headpond.node.analysis.analysis import Analysis
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import COMMON, BadValue, FieldType, Parameter, boolean
from headpond.node.mapping.date_format import DEFAULT, DateFormat, date_format
from headpond.node.mapping.date_math import resolve
from headpond.node.mapping.text_value import number_text
from headpond.node.store.sink import FieldSink


class Date(FieldType):
    """A point in time; the column holds milliseconds since 1970-01-01T00:00:00Z."""

    type = "date"
    ordered = True
    parameters: ClassVar[dict[str, Parameter]] = {
        **COMMON,
        "format": Parameter(default=DEFAULT),
        "index": Parameter(default=True, read=boolean),
        "doc_values": Parameter(default=True, read=boolean),
        "locale": Parameter(default="en"),
        "null_value": Parameter(),
        "ignore_malformed": Parameter(default=False, updatable=True, read=boolean),
    }

    def configure(self, analysis: Analysis) -> None:
        """Reads the format."""
        try:
            self.format: DateFormat = date_format(self.option("format"))
        except RestError as error:
            if error.status == 501:
                raise
            reason = f"Error parsing [format] on field [{self.name}]: {error.reason}"
            raise RestError(400, "illegal_argument_exception", reason, caused_by=error) from None

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds the time to the column."""
        if isinstance(value, dict):
            raise BadValue("Expected text at {start} but found START_OBJECT", at_end=True)
        if isinstance(value, bool):
            value = "true" if value else "false"
        text = value if isinstance(value, str) else number_text(value)
        try:
            millis = self.format.millis(text)
        except RestError as error:
            raise BadValue(error.reason, type=error.type, caused_by=error.caused_by) from None
        sink.number(self.path, millis)

    def number(self, value: Any, *, round_up: bool = False, format: str | None = None, zone: str | None = None) -> int:
        """Milliseconds of a date, of date math (`now-1d/d`, `2020-01-01||+1M`) or of a number.

        Args:
            value: the query's value.
            round_up: missing parts and `/unit` round up, as `gt` and `lte` want it.
            format: another format than the field's.
            zone: the time zone of dates that name none, and of rounding.

        Raises:
            RestError: 400, the value fits no format.
        """
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise illegal_argument(f"failed to parse date field [{value}] with format [{self.format.text}]")
        text = value if isinstance(value, str) else number_text(value)
        chosen = date_format(format) if format else self.format
        return resolve(text, chosen, int(time.time() * 1000), round_up=round_up, zone=zone)
