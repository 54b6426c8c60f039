"""Reads a date and writes it in ISO form (or another) to `@timestamp` (or another field).

Formats are tried in order: `ISO8601`, `UNIX` (seconds), `UNIX_MS`, `TAI64N`, patterns of Java's DateTimeFormatter
(`dd/MM/yyyy HH:mm:ss`) and Elasticsearch's named ones. Not supported, and refused by name: letters of weeks and
quarters (`Y w W e c Q q`), of eras (`G`) and localized offsets (`O`), formats of week dates and ordinal dates.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable

from pydantic import Field, field_validator

from headpond.dates.moment import Moment
from headpond.dates.pattern import PatternError, UnsupportedPatternError
from headpond.dates.reading import Reader, reader
from headpond.dates.words import words
from headpond.dates.writing import writer
from headpond.dates.zones import zone
from headpond.errors import HeadpondError, RestError
from headpond.stages import fields, java, template
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record

_Read = Callable[[str, dt.tzinfo, str | None], Moment]


class DateSpec(ProcessorSpec):
    """Options of `date`."""

    field: str = Field(description="The field that holds the date.")
    formats: list[str] = Field(description="The formats that it may have.")
    target_field: str = Field("@timestamp", description="Where the date is written.")
    timezone: str | None = Field(
        None, description="Of dates that name none, and of what is written; UTC when left out; snippets are allowed."
    )
    locale: str | None = Field(
        None, description="The language of names of months and days, English when left out; snippets are allowed."
    )
    output_format: str = Field("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", description="How the date is written.")

    @field_validator("formats")
    @classmethod
    def _are_formats(cls, given: list[str]) -> list[str]:
        for text in given:
            _checked(functools.partial(_reading, text))
        return given

    @field_validator("output_format")
    @classmethod
    def _is_format(cls, given: str) -> str:
        try:
            _checked(lambda: writer(given))
        except ValueError as error:
            raise ValueError(f"invalid output format [{given}]: {error}") from None
        return given

    @field_validator("timezone", "locale")
    @classmethod
    def _is_known(cls, given: str, info: object) -> str:
        fixed = template.compile(given).fixed
        if fixed is not None:
            name = getattr(info, "field_name", "")
            _checked(lambda: zone(fixed) if name == "timezone" else words(fixed))
        return given


def _checked(make: Callable[[], object]) -> None:
    """Makes something; what is not supported is said as the validators of options must say it."""
    try:
        make()
    except UnsupportedPatternError as error:
        raise ValueError(f"{error} is not supported here") from None
    except HeadpondError as error:
        raise ValueError(str(error)) from None


class Date(RecordProcessor[DateSpec]):
    """Reads a date."""

    Spec = DateSpec

    def __init__(self, spec: DateSpec, name: str) -> None:
        super().__init__(spec, name)
        self._timezone = template.compile(spec.timezone or "UTC")
        self._locale = template.compile(spec.locale or "en")
        self._reads = [_reading(text) for text in spec.formats]
        self._write = writer(spec.output_format)

    def apply(self, record: Record) -> None:
        """Reads the date of one record.

        Raises:
            ValueError: the field is missing.
            RestError: 400, the date fits no format; the cause says where it stops to fit the first.
        """
        value = fields.get(record, self.spec.field)
        text = "null" if value is None else java.text(value)
        try:
            moment = self._read(value, text, record)
        except (RestError, HeadpondError, ValueError) as error:
            cause = error if isinstance(error, RestError) else RestError(400, "illegal_argument_exception", str(error))
            reason = f"unable to parse date [{text}]"
            raise RestError(400, "illegal_argument_exception", reason, caused_by=cause) from None
        fields.put(record, self.spec.target_field, self._write(moment))

    def _read(self, value: object, text: str, record: Record) -> Moment:
        found_zone = zone(self._timezone.render(record))
        locale = self._locale.render(record)
        first: Exception | None = None
        for read in self._reads:
            try:
                if value is None:
                    raise ValueError("cannot parse empty datetime")
                return read(text, found_zone, locale)
            except (RestError, ValueError) as error:
                first = first or error
        raise first or ValueError(f"unable to parse date [{text}]")  # without formats no date can be read


def _reading(text: str) -> _Read:
    """How a format is read.

    Raises:
        PatternError: the pattern is broken.
        UnsupportedPatternError: it is not supported here.
    """
    if text in _SPECIAL:
        special = _SPECIAL[text]
        return lambda given, found_zone, locale: Moment.of_millis(special(given), found_zone)
    if text == "ISO8601":
        return lambda given, found_zone, locale: _patterns("iso8601", None, given, found_zone)
    plain = text.removeprefix("8").strip()
    if not all(plain.split("||")):
        raise PatternError(f"Cannot have empty element in multi date format pattern: {text}")
    for part in plain.split("||"):
        reader(part)
    return lambda given, found_zone, locale: _patterns(plain, locale, given, found_zone)


def _patterns(text: str, locale: str | None, given: str, found_zone: dt.tzinfo) -> Moment:
    readers = _readers(text, locale)
    if not given:
        raise ValueError("cannot parse empty datetime")
    reasons = []
    for each in readers:
        try:
            return each.read(given, found_zone)
        except ValueError as error:
            reasons.append(str(error))
    why = reasons[0] if len(reasons) == 1 else "Failed to parse with all enclosed parsers"
    cause = RestError(400, "date_time_parse_exception", why)
    reason = f"failed to parse date field [{given}] with format [{text}]"
    raise RestError(400, "illegal_argument_exception", reason, caused_by=cause)


@functools.lru_cache(maxsize=256)
def _readers(text: str, locale: str | None) -> tuple[Reader, ...]:
    return tuple(reader(part, locale) for part in text.split("||"))


def _tai64n(text: str) -> int:
    """Milliseconds of a TAI64N label, `@4000000050d506482dbdf024`."""
    digits = text.removeprefix("@")
    try:
        return int(digits[1:16], 16) * 1000 - 10_000 + int(digits[16:24], 16) // 1_000_000
    except ValueError:
        raise RestError(400, "number_format_exception", f'For input string: "{text}"') from None


_SPECIAL: dict[str, Callable[[str], int]] = {
    "UNIX": lambda text: int(java.parse_double(text) * 1000.0),
    "UNIX_MS": lambda text: java.parse_whole(text, 64),
    "TAI64N": _tai64n,
}
