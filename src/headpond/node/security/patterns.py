"""Patterns of actions and of index names: `*` stands for anything, `?` for one character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in pattern), re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Whether a text is one of those that a pattern stands for.

    The text may be a pattern itself: then the answer is whether the first covers it, as `*` of the text is only
    matched by `*`, and `?` by either.
    """
    if pattern == "*":
        return True
    return _compiled(pattern).fullmatch(text) is not None and not _narrower(pattern, text)


def _narrower(pattern: str, text: str) -> bool:
    """Whether a `?` of the pattern would have to stand for a `*` of the text, which is more than one character."""
    if "?" not in pattern or "*" not in text:
        return False
    # The `*` of the text becomes two characters that nothing but `*` can match in both lengths.
    return any(_compiled(pattern).fullmatch(text.replace("*", other)) is None for other in ("", "\0\0"))


def any_matches(patterns: Iterable[str], text: str) -> bool:
    """Whether one of the patterns stands for a text."""
    return any(matches(pattern, text) for pattern in patterns)
