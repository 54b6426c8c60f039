"""Numbers of things, times and sums of money as a reader wants them."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """As in `1 text` or `2,000 texts`."""
    return f"{number:,} {thing if number == 1 else plural(thing)}"


def plural(thing: str) -> str:
    """As in `texts` or `retries`."""
    return f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"


def duration(seconds: float) -> str:
    """As in `0.3 s`, `42 s`, `3:20 min` or `2:05 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes}:{rest:02d} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d} h"


def money(amount: float, currency: str | None) -> str:
    """As in `0.0042 USD` or `12.30 USD`."""
    digits = 2 if amount >= 1 or amount == 0 else 4
    text = f"{amount:,.{digits}f}" if amount == 0 or amount >= 0.0001 else f"{amount:.1g}"
    return f"{text} {currency}" if currency else text
