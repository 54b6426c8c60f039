"""Takes HTML tags out of texts: inline elements vanish, others become a line break, character references are resolved.

A text without `<` and `>` stays as it is, character references and all.
"""

from __future__ import annotations

from headpond.stages import html_text
from headpond.stages.ingest._text import TextProcessor, TextSpec


class HtmlStripSpec(TextSpec):
    """Options of `html_strip`."""


class HtmlStrip(TextProcessor[HtmlStripSpec]):
    """Takes HTML tags out of texts."""

    Spec = HtmlStripSpec

    def process(self, text: str) -> str:
        """The text alone."""
        return html_text.strip(text) if "<" in text and ">" in text else text
