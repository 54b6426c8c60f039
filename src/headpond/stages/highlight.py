"""Marks the words of a query in a text."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from headpond.stages.selection import stem

_WORD = re.compile(r"\w+")
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

    Words are whole ones; their case and, from the seventh letter on, their ends do not matter. English stop words of
    the query are not marked, unless it has no others.
    """
    asked = {word.casefold() for word in _WORD.findall(query)}
    wanted = {stem(word) for word in asked - _STOP or asked}
    parts: list[Word] = []
    end = 0
    for match in _WORD.finditer(text):
        if stem(match[0]) in wanted:
            parts += [Word(text[end : match.start()], False), Word(match[0], True)]
            end = match.end()
    return [part for part in (*parts, Word(text[end:], False)) if part.text]


def marked(text: str, query: str, how: Highlight) -> str:
    """The text with the words of the query between tags."""
    parts = []
    for part in split(text, query):
        shown = html.escape(part.text) if how.encoder == "html" else part.text
        parts.append(f"{how.pre_tags}{shown}{how.post_tags}" if part.marked else shown)
    return "".join(parts)
