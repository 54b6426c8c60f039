"""`whitespace`: runs of anything but white space."""

from __future__ import annotations

import regex

from headpond.node.analysis.tokenizers._pattern import MatchTokenizer


class Whitespace(MatchTokenizer):
    """Runs of anything but white space as Java's `Character.isWhitespace` sees it: no-break spaces do not separate."""

    pattern = regex.compile(r"[^\t-\r\x1c-\x20\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]+")
