"""Turns texts into upper case."""

from __future__ import annotations

from headpond.stages.ingest._text import TextProcessor, TextSpec


class UppercaseSpec(TextSpec):
    """Options of `uppercase`."""


class Uppercase(TextProcessor[UppercaseSpec]):
    """Turns texts into upper case."""

    Spec = UppercaseSpec

    def process(self, text: str) -> str:
        """The text in upper case."""
        return text.upper()
