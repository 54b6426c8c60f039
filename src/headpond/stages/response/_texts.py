"""What a reranker reads of a hit: a field, several that are joined, or a text made of fields by a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from headpond.inference.chunking import Chunking
from headpond.stages.passage import Passage, cut, passages
from headpond.stages.record import Record
from headpond.stages.template import Template, compile

LONGEST = 16_000
"""Characters of one text that are sent; far beyond what rerank models read."""


class Texts:
    """Reads the texts of hits.

    Args:
        fields: paths, see `headpond.stages.passage.passages`; None where there is a template.
        template: a text with `{{field}}` placeholders.
        chunking: cuts the texts; None for whole ones.
    """

    def __init__(self, fields: Sequence[str] | None, template: str | None, chunking: Chunking | None) -> None:
        self._template: Template | None = None if template is None else compile(template, "text/plain")
        self.fields = list(fields or ()) if self._template is None else list(self._template.paths)
        self._chunking = chunking
        self._empty = "" if self._template is None else self._template.render(Record({}))

    def of(self, source: Mapping[str, Any]) -> list[Passage]:
        """The passages of a hit, each fit to be sent; none when it has no text.

        Passages of a template's text have no offsets: they are in no field.
        """
        if self._template is None:
            found = passages(source, self.fields, self._chunking)
        else:
            found = self._rendered(self._template, source)
        return [_fit(passage) for passage in found]

    def _rendered(self, template: Template, source: Mapping[str, Any]) -> list[Passage]:
        text = template.render(Record(dict(source)))
        if not text.strip() or text == self._empty:
            return []
        name = ",".join(self.fields)
        if self._chunking is None:
            return [Passage(name, text)]
        return [Passage(name, text[start:end]) for start, end in cut(text, self._chunking)]


def sendable(text: str) -> str:
    """A text without what no JSON can hold, and no longer than `LONGEST`."""
    text = text[:LONGEST]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _fit(passage: Passage) -> Passage:
    text = sendable(passage.text)
    if text is passage.text:
        return passage
    end = passage.end if passage.start is None or passage.end is None else min(passage.end, passage.start + len(text))
    return replace(passage, text=text, end=end)
