"""Dates in answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from headpond.errors import RestError
from headpond.node.mapping.date_format import DEFAULT
from headpond.node.mapping.types.date import Date

_ISO = frozenset({"strict_date_optional_time", "date_optional_time", "strict_date_time", "iso8601"})
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def date_text(field: Date, value: Any) -> Any:
    """A source value in the first of the field's formats.

    ISO dates come with milliseconds and zone, as in Elasticsearch; in a format of the field's own the value is shown
    as it was sent, which that format can read.
    """
    first = (field.format.text or DEFAULT).split("||")[0]
    if first not in _ISO:
        return value if isinstance(value, str) else str(value)
    try:
        return iso(int(field.number(value)))
    except RestError:
        return value


def iso(millis: int) -> str:
    """`2024-01-01T00:00:00.000Z`."""
    moment = _EPOCH + dt.timedelta(milliseconds=millis)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"
