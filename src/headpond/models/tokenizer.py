"""Turns texts into token ids with a model's own `tokenizer.json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headpond.errors import ModelError
from headpond.models.extra import need


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one text.

    Attributes:
        ids: token ids, special tokens included.
        types: segment of each token: 0, or 1 for the second text of a pair.
        truncated: whether the text was longer than the model's maximum.
        first: index of the first token that belongs to the text itself, behind start token and prefix.
        last: index behind the last such token.
    """

    ids: list[int]
    types: list[int]
    truncated: bool
    first: int
    last: int


class Tokenizer:
    """A tokenizer that pads nothing and cuts at the model's maximum.

    Args:
        path: a `tokenizer.json`; padding and truncation baked into it are replaced.
        max_tokens: cut there, special tokens included.

    Raises:
        ModelError: the file is not a tokenizer.
    """

    def __init__(self, path: Path, max_tokens: int) -> None:
        tokenizers = need("tokenizers", "local models")
        try:
            self._inner: Any = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises plain Exception
            raise ModelError(f"{path} cannot be read as a tokenizer: {error}") from error
        self._special = True
        self._inner.no_padding()
        self._inner.enable_truncation(max_tokens)

    @classmethod
    def of(cls, inner: Any, max_tokens: int | None, *, strategy: str, special: bool) -> Tokenizer:
        """A tokenizer around a copy of one that was made in memory.

        Args:
            inner: a `tokenizers.Tokenizer`.
            max_tokens: cut there; None cuts nothing.
            strategy: which text of a pair is cut, by the library's name.
            special: whether special tokens are added.
        """
        made = cls.__new__(cls)
        made._special = special
        made._inner = type(inner).from_str(inner.to_str())
        if max_tokens is not None:
            made._inner.enable_truncation(max_tokens, strategy=strategy)
        return made

    def encode(self, texts: Sequence[str], prefix: str = "") -> list[Encoded]:
        """The tokens of each text, with `prefix` put before it."""
        inputs = [sound(prefix + text) for text in texts]
        encoded = self._inner.encode_batch(inputs, add_special_tokens=self._special)
        return [_encoded(encoding, len(prefix)) for encoding in encoded]

    def encode_pairs(self, first: str, seconds: Sequence[str]) -> list[Encoded]:
        """The tokens of `first` and each of `seconds` as one input with two segments."""
        pairs = [(sound(first), sound(text)) for text in seconds]
        encoded = self._inner.encode_batch(pairs, add_special_tokens=self._special)
        return [_encoded(encoding, 0) for encoding in encoded]

    def token(self, token_id: int) -> str:
        """The vocabulary's spelling of a token."""
        return str(self._inner.id_to_token(token_id))

    def vocabulary(self) -> list[str]:
        """The spelling of every token, by id."""
        by_id = {number: token for token, number in self._inner.get_vocab(with_added_tokens=True).items()}
        return [by_id.get(number, "") for number in range(max(by_id) + 1)]


def sound(text: str) -> str:
    """The text with lone surrogates, which JSON may hold and UTF-8 cannot, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _encoded(encoding: Any, prefix: int) -> Encoded:
    ids: list[int] = encoding.ids
    special = encoding.special_tokens_mask
    first, last = 0, len(ids)
    while first < last and special[first]:
        first += 1
    while last > first and special[last - 1]:
        last -= 1
    if prefix:
        offsets = encoding.offsets
        while first < last and offsets[first][1] <= prefix:
            first += 1
    return Encoded(ids, encoding.type_ids, bool(encoding.overflowing), first, last)
