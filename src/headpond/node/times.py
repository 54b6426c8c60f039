"""Durations in query parameters."""

from __future__ import annotations

from headpond.inference.duration import parse_duration
from headpond.node.call import Call, illegal_argument


def check_times(call: Call, *names: str) -> None:
    """Refuses parameters that are no durations; nothing here takes long enough for them to matter.

    Raises:
        RestError: 400, a value has no unit or is no number.
    """
    for name in names:
        value = call.text(name)
        if value is not None:
            try:
                parse_duration(value, name)
            except ValueError as error:
                raise illegal_argument(str(error)) from None
