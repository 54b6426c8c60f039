"""How many tokens a service will count in a text: by the model's tokenizer where it is at hand, else by its letters.

Letters per token of English and other scripts are rounded means of byte-pair vocabularies of 100,000 and 200,000
tokens; a sample that is really sent (`--sample`) replaces them by what the endpoint itself says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Count = Callable[[Sequence[str]], list[int]]
"""Tokens of each text."""

Tokenizers = Callable[[Mapping[str, Any]], Count | None]
"""Gives the tokenizer behind an endpoint's entry of `GET _inference`; None when it is not at hand."""

# Letters per token, by the last code point of a range of scripts.
_LETTERS = ((0x024F, 4.4), (0x052F, 2.6), (0x07FF, 2.0), (0x1FFF, 1.2), (0x2E7F, 2.0), (0x10FFFF, 0.95))
_LETTERS_UNCERTAINTY = 0.20
# Vocabularies of about 30,000 tokens (WordPiece) and other services' own ways, as a factor on the letters.
_FACTORS = {"cohere": 1.05, "hugging_face": 1.05, "elasticsearch": 1.05, "elser": 1.05, "jinaai": 1.05}


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the tokens of an endpoint.

    Attributes:
        count: tokens of each text.
        uncertainty: by how much the sum may be off, as a share; besides the error of the sample.
        how: in words.
    """

    count: Count
    uncertainty: float
    how: str

    def scaled(self, factor: float, uncertainty: float) -> Counter:
        """The same, corrected by what an endpoint said about a few texts."""
        count = self.count

        def corrected(texts: Sequence[str]) -> list[int]:
            return [round(tokens * factor) for tokens in count(texts)]

        return Counter(corrected, uncertainty, "the endpoint's own count of the sample")


def counter(shown: Mapping[str, Any], tokenizers: Tokenizers | None) -> Counter:
    """How the tokens of an endpoint are counted.

    Args:
        shown: its entry of `GET _inference`, or its body in a pipeline file.
        tokenizers: finds the tokenizers of local models.
    """
    service = str(shown.get("service"))
    if service == "fake":
        return Counter(lambda texts: [len(text.split()) for text in texts], 0.0, "words, as the fake service counts")
    own = tokenizers(shown) if tokenizers is not None else None
    if own is not None:
        return Counter(own, 0.0, "the model's tokenizer")
    factor = _FACTORS.get(service, 1.0)
    return Counter(
        lambda texts: [max(1, round(by_letters(text) * factor)) for text in texts], _LETTERS_UNCERTAINTY, "letters"
    )


def by_letters(text: str) -> float:
    """Tokens of a text, from the scripts of its letters."""
    if text.isascii():
        return len(text) / _LETTERS[0][1]
    found = [0] * len(_LETTERS)
    for letter in text:
        code = ord(letter)
        found[next(place for place, (last, _) in enumerate(_LETTERS) if code <= last)] += 1
    return sum(number / per for number, (_, per) in zip(found, _LETTERS, strict=True))
