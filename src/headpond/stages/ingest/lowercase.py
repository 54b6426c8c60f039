"""Turns texts into lower case."""

from __future__ import annotations

from headpond.stages.ingest._text import TextProcessor, TextSpec


class LowercaseSpec(TextSpec):
    """Options of `lowercase`."""


class Lowercase(TextProcessor[LowercaseSpec]):
    """Turns texts into lower case."""

    Spec = LowercaseSpec

    def process(self, text: str) -> str:
        """The text in lower case."""
        return text.lower()
