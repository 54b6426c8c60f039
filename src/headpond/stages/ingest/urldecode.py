"""Decodes URL-encoded texts: `%20` and `+` become a blank."""

from __future__ import annotations

import re
from string import hexdigits
from urllib.parse import unquote_plus

from headpond.stages.ingest._text import TextProcessor, TextSpec

_ESCAPE = re.compile(r"%(.{0,2})", re.DOTALL)


class UrldecodeSpec(TextSpec):
    """Options of `urldecode`."""


class Urldecode(TextProcessor[UrldecodeSpec]):
    """Decodes URL-encoded texts."""

    Spec = UrldecodeSpec

    def process(self, text: str) -> str:
        """The text decoded as UTF-8.

        Raises:
            ValueError: a `%` has no two hexadecimal digits behind it.
        """
        for match in _ESCAPE.finditer(text):
            if len(match[1]) < 2:
                raise ValueError("URLDecoder: Incomplete trailing escape (%) pattern")
            if not re.fullmatch(r"[0-9a-fA-F]{2}", match[1]):
                wrong = next(character for character in match[1] if character not in hexdigits)
                reason = f'not a hexadecimal digit: "{wrong}" = {ord(wrong)}'
                raise ValueError(f"URLDecoder: Illegal hex characters in escape (%) pattern - {reason}")
        return unquote_plus(text, errors="replace")
