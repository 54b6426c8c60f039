"""Turns sizes such as `1kb` into a number of bytes. Units are b, kb, mb, gb, tb and pb, each 1024 of the one before."""

from __future__ import annotations

from headpond.errors import RestError
from headpond.stages import java
from headpond.stages.ingest._text import TextProcessor, TextSpec

_UNITS = ("k", "m", "g", "t", "p")
_EXACT = {"0": 0, "0b": 0, "1b": 1, "-1": -1, "-1b": -1}


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
                    return self._multiple(text, size.removesuffix(suffix).strip(), 1024**power)
        if not size.endswith("b"):
            raise self._wrong(text, " as a size in bytes: unit is missing or unrecognized")
        try:
            return java.parse_whole(size[:-1].strip(), 64)
        except RestError as error:
            raise self._wrong(text, "", error) from None

    def _multiple(self, text: str, number: str, unit: int) -> int:
        try:
            return java.parse_whole(number, 64) * unit
        except RestError:
            pass
        try:
            return int(java.parse_double(number) * unit)
        except RestError as error:
            raise self._wrong(text, "", error) from None

    def _wrong(self, text: str, what: str, cause: RestError | None = None) -> RestError:
        reason = f"failed to parse setting [{self.spec.field}] with value [{text}]{what}"
        return RestError(400, "parse_exception", reason, caused_by=cause)
