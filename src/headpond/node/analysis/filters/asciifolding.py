"""`asciifolding`: Latin letters without their marks."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from headpond.errors import RestError
from headpond.node.analysis.analyzer import TokenFilter

_LETTERS = {
    "Æ": "AE", "æ": "ae", "Ǽ": "AE", "ǽ": "ae", "Ǣ": "AE", "ǣ": "ae", "Ø": "O", "ø": "o", "Ǿ": "O", "ǿ": "o",
    "Œ": "OE", "œ": "oe", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "TH", "þ": "th",
    "ß": "ss", "ẞ": "SS", "ı": "i", "ȷ": "j", "Ħ": "H", "ħ": "h", "Ŋ": "N", "ŋ": "n", "Ŧ": "T", "ŧ": "t", "ĸ": "q",
    "ƒ": "f", "Ɓ": "B", "ɓ": "b", "Ɖ": "D", "Ɗ": "D", "ɗ": "d", "Ə": "A", "ə": "a", "Ɛ": "E", "ɛ": "e", "Ɔ": "O",
    "ɔ": "o", "Ƙ": "K", "ƙ": "k", "Ɲ": "N", "ɲ": "n", "Ƴ": "Y", "ƴ": "y", "Ʉ": "U", "Ɨ": "I", "ɨ": "i", "Ɵ": "O",
}  # fmt: skip
_SIGNS = {
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "″": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'",
    "‹": "'", "›": "'", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "⁄": "/", "⁎": "*", "⁓": "~", "‸": "^",
}  # fmt: skip


class Asciifolding(TokenFilter):
    """Latin letters, digits and quotation marks outside ASCII become what they resemble; other scripts stay."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        if options.get("preserve_original", False) not in (False, "false"):
            reason = "the asciifolding filter's [preserve_original] is not supported by headpond"
            raise RestError(501, "not_implemented_exception", reason)

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The folded terms."""
        return [term if term is None or term.isascii() else "".join(map(_folded, term)) for term in terms]


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    if character in _LETTERS or character in _SIGNS:
        return _LETTERS.get(character) or _SIGNS[character]
    name = unicodedata.name(character, "")
    if not name.startswith(
        ("LATIN ", "FULLWIDTH ", "MODIFIER LETTER SMALL ", "SUPERSCRIPT ", "SUBSCRIPT ", "CIRCLED ")
    ):
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return plain if plain.isascii() and plain else character
