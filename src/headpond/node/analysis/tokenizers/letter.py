"""`letter`: runs of letters."""

from __future__ import annotations

import regex

from headpond.node.analysis.tokenizers._pattern import MatchTokenizer


class Letter(MatchTokenizer):
    """Runs of letters; digits and signs separate."""

    pattern = regex.compile(r"\p{L}+")
