"""Date math: `now-1d/d`, `2020-01-01||+1M/M`."""

from __future__ import annotations

import re

from headpond.errors import RestError
from headpond.node.mapping.date_format import (
    DateFormat,
    civil_from_days,
    days_from_civil,
    days_in,
    zone_offset,
)

_STEP = re.compile(r"([+-])(\d*)([yMwdhHms])|/([yMwdhHms])")
_FIXED = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "H": 3_600_000, "m": 60_000, "s": 1000}
_DAY = 86_400_000


def resolve(text: str, format: DateFormat, now: int, *, round_up: bool, zone: str | None = None) -> int:
    """Milliseconds of a date with optional math.

    Args:
        text: `now`, or a date and `||`, with steps behind; or a plain date.
        format: reads the date.
        now: the current time in milliseconds.
        round_up: `/unit` goes to the unit's last millisecond, missing parts to their highest value.
        zone: the time zone of dates that name none, and of steps by days and longer.

    Raises:
        RestError: 400, the date or a step cannot be read.
    """
    if text.startswith("now"):
        start, steps = now, text[3:]
    else:
        date, found, steps = text.partition("||")
        if not found:
            return format.millis(date, round_up=round_up, zone=zone)
        start = format.millis(date, zone=zone)
    return _apply(start, steps, text, round_up, zone)


def _apply(millis: int, steps: str, text: str, round_up: bool, zone: str | None) -> int:
    at = 0
    while at < len(steps):
        step = _STEP.match(steps, at)
        if step is None:
            raise RestError(400, "parse_exception", _unreadable(steps, at))
        at = step.end()
        sign, count, unit, rounding = step.groups()
        offset = zone_offset(zone, millis)
        local = millis + offset
        if rounding:
            local = _round(local, rounding, round_up)
        else:
            amount = int(count or 1) * (-1 if sign == "-" else 1)
            local = _add(local, unit, amount)
        millis = local - zone_offset(zone, local)
    return millis


def _unreadable(steps: str, at: int) -> str:
    """Why a step cannot be read."""
    sign, rest = steps[at], steps[at + 1 :]
    if sign not in "+-/":
        return f"operator not supported for date math [{steps}]"
    unit = rest.lstrip("0123456789")[:1]
    if sign == "/" and rest[:1].isdigit():
        return f"rounding `/` can only be used on single unit types [{steps}]"
    return f"unit [{unit}] not supported for date math [{steps}]" if unit else f"truncated date math [{steps}]"


def _add(local: int, unit: str, amount: int) -> int:
    if unit in _FIXED:
        return local + amount * _FIXED[unit]
    days, rest = divmod(local, _DAY)
    year, month, day = civil_from_days(days)
    months = year * 12 + month - 1 + amount * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    return days_from_civil(year, month + 1, min(day, days_in(year, month + 1))) * _DAY + rest


def _round(local: int, unit: str, up: bool) -> int:
    days = local // _DAY
    if unit in "yM":
        year, month, _ = civil_from_days(days)
        start = days_from_civil(year, month if unit == "M" else 1, 1) * _DAY
    elif unit == "w":
        start = (days - (days + 3) % 7) * _DAY
    else:
        start = local - local % _FIXED[unit]
    return _add(start, unit, 1) - 1 if up else start
