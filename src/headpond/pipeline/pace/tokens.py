"""How many tokens a text has, roughly, without the model's tokenizer."""

from __future__ import annotations

BYTES_PER_TOKEN = 4.0
"""English has about four letters a token; other scripts have more bytes a letter and more tokens a letter."""


def estimate(text: str) -> int:
    """Tokens of a text, at least 1."""
    length = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return max(1, round(length / BYTES_PER_TOKEN))
