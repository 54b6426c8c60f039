"""An instant with a time zone, to the nanosecond: Java's `ZonedDateTime`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a time in a zone.

    Attributes:
        time: to the second, with its zone.
        nano: nanoseconds of the second.
    """

    time: dt.datetime
    nano: int = 0

    @classmethod
    def of_local(cls, local: dt.datetime, nano: int, zone: dt.tzinfo) -> Moment:
        """A local time: one that a zone skips is later by what is skipped, of two that are the same it is the first."""
        return cls(local.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone), nano)

    @classmethod
    def of_millis(cls, millis: int, zone: dt.tzinfo) -> Moment:
        """Milliseconds since 1970.

        Raises:
            ValueError: the year has more than four digits.
        """
        seconds, rest = divmod(millis, 1000)
        try:
            return cls((EPOCH + dt.timedelta(seconds=seconds)).astimezone(zone), rest * 1_000_000)
        except OverflowError:
            raise ValueError(f"the time {millis} is out of range here: years have up to four digits") from None

    def at(self, zone: dt.tzinfo) -> Moment:
        """The same instant in another zone."""
        return Moment(self.time.astimezone(zone), self.nano)

    @property
    def seconds(self) -> int:
        """Seconds since 1970."""
        return (self.time - EPOCH) // dt.timedelta(seconds=1)

    @property
    def offset(self) -> int:
        """Seconds ahead of UTC."""
        ahead = self.time.utcoffset() or dt.timedelta()
        return ahead // dt.timedelta(seconds=1)
