"""Cuts a text into windows of a model's tokens, at the ends of words wherever a word fits in."""

from __future__ import annotations

from collections.abc import Sequence

from headpond.inference.chunking import Span

SMALLEST = 8
"""Tokens of a window at least."""


def windows(text: str, tokens: Sequence[Span], size: int, overlap: int) -> list[Span]:
    """The windows as (start, end) in characters, without the blanks between them.

    Args:
        text: the text.
        tokens: its tokens as (start, end), in order.
        size: tokens of a window at most.
        overlap: tokens that a window repeats of the one before, at most; fewer where a word would be cut, or where the
            next word would not fit behind them.
    """
    found: list[Span] = []
    first = 0
    while first < len(tokens):
        last = _end(text, tokens, first, size)
        found.append((tokens[first][0], tokens[last - 1][1]))
        if last == len(tokens):
            break
        again = max(last - overlap, first + 1)
        while again < last and (_inside_word(text, tokens, again) or _end(text, tokens, again, size) <= last):
            again += 1
        first = again
    return found


def _end(text: str, tokens: Sequence[Span], first: int, size: int) -> int:
    """The window's end, moved back to the end of a word; where it is when the window is but one word."""
    end = last = min(first + size, len(tokens))
    if last == len(tokens):
        return last
    while end > first + 1 and _inside_word(text, tokens, end):
        end -= 1
    return last if _inside_word(text, tokens, end) else end


def _inside_word(text: str, tokens: Sequence[Span], at: int) -> bool:
    """Whether the token goes on with the word of the one before."""
    before, after = tokens[at - 1][1], tokens[at][0]
    return before == after and 0 < after < len(text) and text[before - 1].isalnum() and text[after].isalnum()
