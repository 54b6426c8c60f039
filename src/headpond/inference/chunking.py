"""Chunking settings of an embedding endpoint, and the chunks they cut a text into.

Strategies, defaults and rules are those of Elasticsearch's `chunking_settings`. Sizes count words. A chunk is a pair of
offsets into the text; together the chunks of a text cover all of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import regex

from headpond.errors import RestError
from headpond.inference.boundaries import sentence_ends, word_ends
from headpond.inference.invalid import validation_failed
from headpond.inference.settings import Settings, java_text

Span = tuple[int, int]

SCOPE = "chunking_settings"


class Chunking(Protocol):
    """One strategy with its sizes."""

    def spans(self, text: str) -> list[Span]:
        """The chunks of a text as (start, end), in order; one empty span for an empty text."""

    def to_json(self) -> dict[str, Any]:
        """The `chunking_settings` object, complete."""


@dataclass(frozen=True, slots=True)
class WholeText:
    """`none`: the whole text is one chunk."""

    def spans(self, text: str) -> list[Span]:
        """One span."""
        return [(0, len(text))]

    def to_json(self) -> dict[str, Any]:
        """The settings."""
        return {"strategy": "none"}


@dataclass(frozen=True, slots=True)
class Words:
    """`word`: windows of a fixed number of words.

    Attributes:
        max_chunk_size: words in a chunk, 10 to 300.
        overlap: words shared by neighbours, at most half of a chunk.
    """

    max_chunk_size: int
    overlap: int

    def spans(self, text: str) -> list[Span]:
        """Windows that begin where a word ends (or at the start) and end where a word ends (or at the end)."""
        return _windows((0, len(text)), word_ends(text), self.max_chunk_size, self.overlap)

    def to_json(self) -> dict[str, Any]:
        """The settings."""
        return {"strategy": "word", "max_chunk_size": self.max_chunk_size, "overlap": self.overlap}


@dataclass(frozen=True, slots=True)
class Sentences:
    """`sentence`: whole sentences up to a number of words; a longer sentence is cut into windows of words.

    Attributes:
        max_chunk_size: words in a chunk, at least 20.
        sentence_overlap: 1 begins a chunk with the sentence before it, as far as it fits.
    """

    max_chunk_size: int = 250
    sentence_overlap: int = 1

    def spans(self, text: str) -> list[Span]:
        """Runs of sentences."""
        return self.within(text, (0, len(text)), word_ends(text))

    def within(self, text: str, span: Span, words: list[int]) -> list[Span]:
        """The chunks of a part of a text.

        Args:
            text: the whole text.
            span: the part.
            words: where the words of the whole text end.
        """
        first, last = span
        ends = [first + end for end in sentence_ends(text[first:last])]
        chunks: list[Span] = []
        start, previous, current = first, first, first
        for end in ends:
            if _count(words, start, end) > self.max_chunk_size and current > start:
                chunks.append((start, current))
                start = self._start(previous, current, end, words)
            if _count(words, start, end) > self.max_chunk_size:
                *full, (start, _) = _windows((start, end), _inside(words, start, end), self.max_chunk_size, 0)
                chunks += full
            previous, current = max(current, start), end
        return [*chunks, (start, last)]

    def _start(self, previous: int, current: int, end: int, words: list[int]) -> int:
        """Where the chunk whose first new sentence is (current, end) begins."""
        if not self.sentence_overlap:
            return current
        room = min(self.max_chunk_size - _count(words, current, end), self.max_chunk_size // 2)
        if room <= 0:
            return current
        before = _inside(words, previous, current)
        return previous if len(before) <= room else before[-room - 1]

    def to_json(self) -> dict[str, Any]:
        """The settings."""
        return {
            "strategy": "sentence",
            "max_chunk_size": self.max_chunk_size,
            "sentence_overlap": self.sentence_overlap,
        }


@dataclass(frozen=True, slots=True)
class Recursive:
    """`recursive`: cut at the first separator, what is still too long at the next, in the end at sentences.

    Attributes:
        max_chunk_size: words in a chunk, 10 to 300.
        separators: regular expressions, the coarsest first; a match begins a new chunk.
    """

    max_chunk_size: int
    separators: tuple[str, ...]

    def spans(self, text: str) -> list[Span]:
        """Parts between separators, small neighbours joined."""
        return self._cut(text, (0, len(text)), word_ends(text), self.separators)

    def _cut(self, text: str, span: Span, words: list[int], separators: tuple[str, ...]) -> list[Span]:
        if _count(words, *span) <= self.max_chunk_size:
            return [span]
        if not separators:
            return Sentences(self.max_chunk_size, 0).within(text, span, words)
        matches = regex.finditer(separators[0], text, regex.MULTILINE, pos=span[0], endpos=span[1], timeout=10)
        cuts = [span[0], *(match.start() for match in matches if match.start() > span[0]), span[1]]
        joined: list[Span] = []
        for start, end in pairwise(cuts):
            if joined and _count(words, joined[-1][0], end) <= self.max_chunk_size:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        return [chunk for part in joined for chunk in self._cut(text, part, words, separators[1:])]

    def to_json(self) -> dict[str, Any]:
        """The settings; a separator group is shown as its separators, as Elasticsearch stores it."""
        return {
            "strategy": "recursive",
            "max_chunk_size": self.max_chunk_size,
            "separators": list(self.separators),
        }


SEPARATOR_GROUPS: Mapping[str, tuple[str, ...]] = {
    "plaintext": (r"(?<!\n)\n\n(?!\n)", r"(?<!\n)\n(?!\n)"),
    "markdown": (
        *(rf"\n{'#' * level} " for level in range(1, 7)),
        r"\n^(?!\s*$).*\n-{1,}\n",
        r"\n^(?!\s*$).*\n={1,}\n",
    ),
}


def parse_chunking(body: Mapping[str, Any] | None) -> Chunking:
    """Reads `chunking_settings`.

    Args:
        body: the object; None or an empty one gives the default, sentences of up to 250 words with an overlap of one.

    Raises:
        RestError: 400, with Elasticsearch's texts.
    """
    if not body:
        return Sentences()
    strategy = body.get("strategy")
    if strategy is None:
        raise _illegal("Can't generate Chunker without ChunkingStrategy provided")
    name = strategy.lower() if isinstance(strategy, str) else java_text(strategy)
    if name not in _PARSERS:
        raise _illegal(f"Invalid chunkingStrategy {java_text(strategy)}")
    parse, title, allowed = _PARSERS[name]
    extra = [key for key in body if key not in ("strategy", *allowed)]
    if extra:
        reason = f"{title} based chunking settings can not have the following settings: [{', '.join(extra)}]"
        raise validation_failed([reason], "validation_exception")
    settings = Settings({key: body[key] for key in allowed if key in body}, SCOPE)
    return parse(settings)


def _illegal(reason: str) -> RestError:
    return RestError(400, "illegal_argument_exception", reason)


def _none(settings: Settings) -> Chunking:
    return WholeText()


def _word(settings: Settings) -> Chunking:
    size = settings.between("max_chunk_size", 10, 300, required=True)
    overlap = settings.positive("overlap", required=True)
    if size is not None and overlap is not None and overlap > size // 2:
        settings.wrong(f"Invalid value [{overlap}]. [overlap] must be a less than or equal to [{size // 2}]")
    settings.raise_problems()
    return Words(size or 0, overlap or 0)


def _sentence(settings: Settings) -> Chunking:
    size = settings.between("max_chunk_size", 20, 2**31 - 1, required=True)
    overlap = settings.integer("sentence_overlap")
    if overlap not in (None, 0, 1):
        settings.problems.append(f"sentence_overlap[{overlap}] must be either 0 or 1")
    settings.raise_problems()
    return Sentences(size or 0, 1 if overlap is None else overlap)


def _recursive(settings: Settings) -> Chunking:
    size = settings.between("max_chunk_size", 10, 300, required=True)
    group = settings.choice("separator_group", SEPARATOR_GROUPS)
    separators = settings.texts("separators")
    if group and separators is not None:
        settings.problems.append("Recursive chunking settings can not have both separators and separator_set")
    elif separators == []:
        settings.problems.append("Recursive chunking settings can not have an empty list of separators")
    for separator in separators or ():
        try:
            regex.compile(separator)
        except regex.error as error:
            settings.wrong(f"Invalid value [{separator}]. [separators] must be regular expressions: {error}")
    settings.raise_problems()
    chosen = tuple(separators) if separators else SEPARATOR_GROUPS[group or "plaintext"]
    return Recursive(size or 0, chosen)


_PARSERS = {
    "none": (_none, "None", ()),
    "word": (_word, "Word", ("max_chunk_size", "overlap")),
    "sentence": (_sentence, "Sentence", ("max_chunk_size", "sentence_overlap")),
    "recursive": (_recursive, "Recursive", ("max_chunk_size", "separator_group", "separators")),
}


def _inside(words: list[int], start: int, end: int) -> list[int]:
    return words[bisect_right(words, start) : bisect_right(words, end)]


def _count(words: list[int], start: int, end: int) -> int:
    """Words that end in (start, end]."""
    return bisect_right(words, end) - bisect_right(words, start)


def _windows(span: Span, ends: list[int], size: int, overlap: int) -> list[Span]:
    """Windows of `size` words over a span whose words end at `ends`; the last takes what is left."""
    first, last = span
    step = size - overlap
    chunks: list[Span] = []
    at = 0
    while at + size < len(ends):
        chunks.append((first if at == 0 else ends[at - 1], ends[at + size - 1]))
        at += step
    return [*chunks, (first if at == 0 else ends[at - 1], last)]
