"""What typed sources (Parquet, SQL) hold, as JSON: nothing is rounded in silence, nothing depends on the machine."""

from __future__ import annotations

import base64
import datetime
import decimal
import enum
import math
import uuid
from collections.abc import Mapping
from typing import Any

_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1


def to_json(value: Any) -> Any:
    """A value as JSON has it.

    Decimals become numbers where that loses no digit, else texts. Dates and times are ISO 8601, durations are seconds,
    bytes are base64 (as Elasticsearch's `binary` fields take them), NaN is null.

    Raises:
        ValueError: JSON has no such value (infinity), or its type is not known.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, int):
        return value if _SMALLEST <= value <= _LARGEST else str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, decimal.Decimal):
        return _decimal(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): to_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(inner) for inner in value]
    raise ValueError(f"a value of type {type(value).__name__} has no form in JSON")


def _float(value: float) -> float | None:
    if math.isinf(value):
        raise ValueError("infinity is no number in JSON")
    return None if math.isnan(value) else value


def _decimal(value: decimal.Decimal) -> int | float | str | None:
    if value.is_nan():
        return None
    if value.is_infinite():
        raise ValueError("infinity is no number in JSON")
    if value == value.to_integral_value() and _SMALLEST <= value <= _LARGEST and value.as_tuple().exponent == 0:
        return int(value)
    number = float(value)
    return number if decimal.Decimal(repr(number)) == value else str(value)
