"""Marks the words of a query in a text."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from headpond.stages.words import Asked

_STOP = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
})  # fmt: skip
"""Lucene's stop words of English."""


def _first(given: Any) -> Any:
    """Elasticsearch takes lists of tags; one is used here."""
    return given[0] if isinstance(given, list) and len(given) == 1 else given


Tag = Annotated[str, BeforeValidator(_first)]


class Highlight(BaseModel):
    """How words are marked; the names are those of Elasticsearch's `highlight`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pre_tags: Tag = Field("<em>", description="Before a word.")
    post_tags: Tag = Field("</em>", description="Behind a word.")
    encoder: Literal["default", "html"] = Field("default", description="`html` escapes the text between the marks.")


@dataclass(frozen=True, slots=True)
class Word:
    """A part of a text.

    Attributes:
        text: the part.
        marked: whether it is a word of the query.
    """

    text: str
    marked: bool


def split(text: str, query: str) -> list[Word]:
    """A text in parts that are words of the query and parts that are not.

    Words are whole ones; their case and, from the seventh letter on, their ends do not matter. In scripts without
    spaces, what is marked are characters that stand beside each other in the query too. English stop words of the query
    are not marked, unless it has no others.
    """
    parts: list[Word] = []
    last = 0
    for start, end in Asked.of(query, but=_STOP).spans(text):
        parts += [Word(text[last:start], False), Word(text[start:end], True)]
        last = end
    return [part for part in (*parts, Word(text[last:], False)) if part.text]


def marked(text: str, query: str, how: Highlight) -> str:
    """The text with the words of the query between tags."""
    parts = []
    for part in split(text, query):
        shown = html.escape(part.text) if how.encoder == "html" else part.text
        parts.append(f"{how.pre_tags}{shown}{how.post_tags}" if part.marked else shown)
    return "".join(parts)
