"""Where the tokens of a text lie, as a local model cuts it; nothing but the model's tokenizer is loaded."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from headpond.errors import ModelError
from headpond.models import store
from headpond.models.extra import need
from headpond.models.tokenizer import sound

Span = tuple[int, int]


class TokenSpans:
    """A model's tokenizer that cuts nothing off.

    Args:
        name: the model, in the store.

    Attributes:
        most: tokens of a text that the model reads at most, its special tokens and its prefix taken off.

    Raises:
        ModelError: the model is not at hand (the message says how to get it), or its tokenizer cannot be read.
        MissingExtraError: a package of the extra `local` is missing.
    """

    def __init__(self, name: str) -> None:
        tokenizers = need("tokenizers", "local models")
        folder = store.path(name)
        card = store.card_of(folder)
        path = folder / "tokenizer.json"
        try:
            self._inner: Any = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises plain Exception
            raise ModelError(f"{path} cannot be read as a tokenizer: {error}") from error
        self._inner.no_padding()
        self._inner.no_truncation()
        self.most = card.max_tokens - len(self._inner.encode(card.prefixes.ingest).ids)

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """The tokens of each text as (start, end) in characters, all of them, blanks around them left out."""
        inputs = [sound(text) for text in texts]
        found = self._inner.encode_batch(inputs, add_special_tokens=False)
        return [[_tight(text, *span) for span in one.offsets] for text, one in zip(inputs, found, strict=True)]


def _tight(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    return start, end


@functools.lru_cache(maxsize=8)
def token_spans(name: str) -> TokenSpans:
    """The tokenizer of a model, loaded once.

    Raises:
        ModelError, MissingExtraError: as `TokenSpans`.
    """
    return TokenSpans(name)
