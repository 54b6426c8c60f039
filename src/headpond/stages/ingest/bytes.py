"""Turns sizes such as `1kb` into a number of bytes. Units are b, kb, mb, gb, tb and pb, each 1024 of the one before.

A size may have two decimals (`1.5gb`), where the bytes are rounded up.
"""

from __future__ import annotations

from decimal import ROUND_UP, Decimal, InvalidOperation

from headpond.errors import RestError
from headpond.stages import java
from headpond.stages.ingest._text import TextProcessor, TextSpec

_UNITS = ("k", "m", "g", "t", "p")
_EXACT = {"0": 0, "0b": 0, "1b": 1, "-1": -1, "-1b": -1}
_MOST = (1 << 63) - 1
_DECIMALS = 2
_IN_WORDS = " as a size in bytes"


class BytesSpec(TextSpec):
    """Options of `bytes`."""


class Bytes(TextProcessor[BytesSpec]):
    """Turns sizes into a number of bytes."""

    Spec = BytesSpec

    def process(self, text: str) -> int:
        """The number of bytes.

        Raises:
            RestError: 400 `parse_exception`, the text is no size.
        """
        if text.lower() in _EXACT:
            return _EXACT[text.lower()]
        size = text.lower().strip(java.BLANKS)
        for power, unit in enumerate(_UNITS, 1):
            for suffix in (unit, f"{unit}b"):
                if size.endswith(suffix):
                    return _multiple(text, size.removesuffix(suffix).strip(java.BLANKS), power)
        if not size.endswith("b"):
            raise _wrong(text, f"{_IN_WORDS}: unit is missing or unrecognized")
        try:
            number = java.parse_whole(size[:-1].strip(java.BLANKS), 64)
        except RestError as error:
            raise _wrong(text, cause=error) from None
        return _checked(text, number, 0)


def _multiple(text: str, number: str, power: int) -> int:
    try:
        whole = java.parse_whole(number, 64)
    except RestError as error:
        return _decimal(text, number, 1024**power, error)
    return _checked(text, whole, power)


def _decimal(text: str, number: str, unit: int, no_integer: RestError) -> int:
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise _wrong(text, cause=no_integer) from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):  # NaN and Infinity, which Java's BigDecimal has not
        raise _wrong(text, cause=no_integer)
    if value < 0:
        raise _wrong(text)
    if -exponent > _DECIMALS:
        raise RestError(400, "parse_exception", f"{_SETTING} with more than two decimals in value [{text}]")
    if value.adjusted() > len(str(_MOST)) or value * unit > _MOST:
        cause = RestError(500, "arithmetic_exception", "Overflow")
        reason = f"{_SETTING} with value beyond {_MOST}: [{text}]"
        raise RestError(400, "parse_exception", reason, caused_by=cause)
    return int((value * unit).to_integral_value(ROUND_UP))


def _checked(text: str, number: int, power: int) -> int:
    suffix = f"{_UNITS[power - 1]}b" if power else "b"
    refused = None
    if number < (0 if power else -1):
        refused = f"Values less than -1 bytes are not supported: {number}{suffix}"
    elif number > _MOST // 1024**power:
        refused = f"Values greater than {_MOST} bytes are not supported: {number}{suffix}"
    if refused is not None:
        raise _wrong(text, _IN_WORDS, RestError(400, "illegal_argument_exception", refused))
    return int(number * 1024**power)


_SETTING = "failed to parse setting [Ingest Field]"


def _wrong(text: str, what: str = "", cause: RestError | None = None) -> RestError:
    return RestError(400, "parse_exception", f"{_SETTING} with value [{text}]{what}", caused_by=cause)
