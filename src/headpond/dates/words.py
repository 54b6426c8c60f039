"""Names of months and days in a language; English is built in, the others come from the package babel."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from headpond.errors import MissingExtraError

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Words:
    """The names of one language, as they stand in dates.

    Attributes:
        months: full names, January first.
        short_months: short names.
        lone_months: full names where they stand alone (pattern letter `L`).
        short_lone_months: short names where they stand alone.
        days: full names, Monday first.
        short_days: short names.
        halves: before and after noon.
    """

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    lone_months: tuple[str, ...]
    short_lone_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    halves: tuple[str, str] = ("AM", "PM")


_SHORT_MONTHS = tuple(name[:3] for name in _MONTHS)
ENGLISH = Words(_MONTHS, _SHORT_MONTHS, _MONTHS, _SHORT_MONTHS, _DAYS, tuple(name[:3] for name in _DAYS))


@functools.lru_cache(maxsize=64)
def words(locale: str | None) -> Words:
    """The names of a locale, `de`, `de-AT` or `de_AT`; English for None, `en` and `ROOT`.

    Raises:
        ValueError: there is no such locale.
        MissingExtraError: it needs babel, which is not installed.
    """
    if locale is None or locale.upper() in ("ROOT", "EN", "EN-US", "EN_US", "ENGLISH"):
        return ENGLISH
    try:
        from babel import Locale, UnknownLocaleError
    except ImportError:
        raise MissingExtraError(f"the locale {locale!r}", "dates", "babel") from None
    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise ValueError(f"Unknown language: {locale}") from None
    months, days = found.months, found.days["format"]
    halves = found.day_periods["format"]["abbreviated"]
    return Words(
        _in_order(months["format"]["wide"], 1),
        _in_order(months["format"]["abbreviated"], 1),
        _in_order(months["stand-alone"]["wide"], 1),
        _in_order(months["stand-alone"]["abbreviated"], 1),
        _in_order(days["wide"], 0),
        _in_order(days["abbreviated"], 0),
        (halves["am"], halves["pm"]),
    )


def _in_order(names: dict[int, str], first: int) -> tuple[str, ...]:
    return tuple(names[number] for number in range(first, first + len(names)))
