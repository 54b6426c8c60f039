"""Dates and date math."""

from __future__ import annotations

import datetime as dt

import pytest

from headpond.errors import RestError
from headpond.node.mapping.date_format import civil_from_days, date_format, days_from_civil, iso_text
from headpond.node.mapping.date_math import resolve

NOW = int(dt.datetime(2020, 3, 31, 10, 20, 30, 456000, dt.UTC).timestamp() * 1000)
ISO = date_format("strict_date_optional_time||epoch_millis")


@pytest.mark.parametrize(
    ("text", "down", "up"),
    [
        ("now", "2020-03-31T10:20:30.456Z", "2020-03-31T10:20:30.456Z"),
        ("now-1h", "2020-03-31T09:20:30.456Z", "2020-03-31T09:20:30.456Z"),
        ("now-1M", "2020-02-29T10:20:30.456Z", "2020-02-29T10:20:30.456Z"),
        ("now+1y/y", "2021-01-01T00:00:00.000Z", "2021-12-31T23:59:59.999Z"),
        ("now/d", "2020-03-31T00:00:00.000Z", "2020-03-31T23:59:59.999Z"),
        ("now/w", "2020-03-30T00:00:00.000Z", "2020-04-05T23:59:59.999Z"),
        ("now-1d/M", "2020-03-01T00:00:00.000Z", "2020-03-31T23:59:59.999Z"),
        ("2020-02-01||+1M/d", "2020-03-01T00:00:00.000Z", "2020-03-01T23:59:59.999Z"),
        ("2020-02", "2020-02-01T00:00:00.000Z", "2020-02-01T23:59:59.999Z"),
        ("2020-02-10T08", "2020-02-10T08:00:00.000Z", "2020-02-10T08:59:59.999Z"),
        ("2020-02-10T08:09:10.5Z", "2020-02-10T08:09:10.500Z", "2020-02-10T08:09:10.599Z"),
        ("0", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_dates_may_be_calculated_and_rounded(text: str, down: str, up: str) -> None:
    assert iso_text(resolve(text, ISO, NOW, round_up=False)) == down
    assert iso_text(resolve(text, ISO, NOW, round_up=True)) == up


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("+02:00", "2020-03-30T22:00:00.000Z"),
        ("Europe/Berlin", "2020-03-30T22:00:00.000Z"),
        ("Z", "2020-03-31T00:00:00.000Z"),
    ],
)
def test_days_begin_where_the_time_zone_says(zone: str, expected: str) -> None:
    assert iso_text(resolve("2020-03-31", ISO, NOW, round_up=False, zone=zone)) == expected
    assert iso_text(resolve("now/d", ISO, NOW, round_up=False, zone=zone)) == expected


@pytest.mark.parametrize("text", ["now-", "now+1q", "now*2", "2020-01-01||/2d", "yesterday", "2020-02-30"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(RestError) as caught:
        resolve(text, ISO, NOW, round_up=False)
    assert caught.value.status == 400


@pytest.mark.parametrize("date", [dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(2000, 2, 29), dt.date(9999, 12, 31)])
def test_days_are_counted_as_in_the_calendar(date: dt.date) -> None:
    days = (date - dt.date(1970, 1, 1)).days
    assert days_from_civil(date.year, date.month, date.day) == days
    assert civil_from_days(days) == (date.year, date.month, date.day)
