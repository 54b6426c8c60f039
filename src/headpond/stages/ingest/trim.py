"""Takes blanks from both ends of texts; those inside stay."""

from __future__ import annotations

from headpond.stages import java
from headpond.stages.ingest._text import TextProcessor, TextSpec


class TrimSpec(TextSpec):
    """Options of `trim`."""


class Trim(TextProcessor[TrimSpec]):
    """Takes blanks from both ends of texts; those inside stay."""

    Spec = TrimSpec

    def process(self, text: str) -> str:
        """The text without blanks at its ends."""
        return text.strip(java.BLANKS)
