"""An analyzer: character filters, one tokenizer, token filters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

MOST_KNOWN = 100_000
"""Terms of which an analyzer remembers what its filters make of them."""


class CharFilter(ABC):
    """Text to text, before the tokenizer. Offsets of tokens are those of the filtered text.

    Args:
        options: the filter's body in the index settings.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:  # noqa: B027 - most have no options
        pass

    @abstractmethod
    def __call__(self, text: str) -> str:
        """The filtered text."""


class TokenFilter(ABC):
    """Terms to as many terms; None stands where a term was taken away, so that later terms keep their positions.

    Args:
        options: the filter's body in the index settings.

    Attributes:
        alone: whether what becomes of a term depends on the term alone, so that it needs to be found only once.
    """

    alone: ClassVar[bool] = True

    def __init__(self, options: Mapping[str, Any]) -> None:  # noqa: B027 - most have no options
        pass

    @abstractmethod
    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The filtered terms, one for each that came in."""


class Token(NamedTuple):
    """One term of an analyzed text.

    Attributes:
        term: what is indexed.
        position: its place; removed stop words leave gaps.
        start: offset of its first character.
        end: offset behind its last character.
        type: Elasticsearch's name for the kind of token, as in `<ALPHANUM>`.
    """

    term: str
    position: int
    start: int
    end: int
    type: str


class Spans(NamedTuple):
    """What a tokenizer cuts out of a text: terms, their offsets and their kinds, all of one length."""

    terms: list[str]
    starts: list[int]
    ends: list[int]
    types: list[str]


class Tokenizer(ABC):
    """Cuts text into terms.

    Args:
        options: the tokenizer's body in the index settings.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:  # noqa: B027 - most have no options
        pass

    @abstractmethod
    def terms(self, text: str) -> list[str]:
        """The terms alone, the fast way."""

    @abstractmethod
    def spans(self, text: str) -> Spans:
        """The terms with their offsets."""


class _Known(dict[str, "str | None"]):
    """What filters make of each term that has come by."""

    def __init__(self, filters: Sequence[TokenFilter]) -> None:
        super().__init__()
        self._filters = filters

    def __missing__(self, term: str) -> str | None:
        terms: list[str | None] = [term]
        for token_filter in self._filters:
            terms = token_filter(terms)
        if len(self) >= MOST_KNOWN:
            self.clear()
        self[term] = terms[0]
        return terms[0]


class Analyzer:
    """Text to terms, as Lucene does it.

    Args:
        tokenizer: cuts the text.
        filters: applied to the terms in order.
        char_filters: applied to the text in order.
        position_increment_gap: distance between the values of an array.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        filters: Sequence[TokenFilter] = (),
        char_filters: Sequence[CharFilter] = (),
        position_increment_gap: int = 100,
    ) -> None:
        self.tokenizer = tokenizer
        self.filters = tuple(filters)
        self.char_filters = tuple(char_filters)
        self.position_increment_gap = position_increment_gap
        self._known = _Known(self.filters) if all(token_filter.alone for token_filter in filters) else None

    def slots(self, text: str) -> list[str | None]:
        """The terms by position; None where a filter took a term away."""
        for char_filter in self.char_filters:
            text = char_filter(text)
        return self._filtered(self.tokenizer.terms(text))

    def _filtered(self, found: list[str]) -> list[str | None]:
        terms: list[str | None] = list(found)
        if not self.filters:
            return terms
        if self._known is not None:
            return list(map(self._known.__getitem__, found))
        for token_filter in self.filters:
            terms = token_filter(terms)
        return terms

    def terms(self, text: str) -> list[str]:
        """The terms in order, without positions."""
        return [term for term in self.slots(text) if term is not None]

    def positioned(self, text: str) -> list[tuple[str, int]]:
        """The terms with their positions, for phrase queries."""
        return [(term, position) for position, term in enumerate(self.slots(text)) if term is not None]

    def tokens(self, text: str) -> list[Token]:
        """The terms with positions, offsets and kinds."""
        for char_filter in self.char_filters:
            text = char_filter(text)
        spans = self.tokenizer.spans(text)
        terms = self._filtered(spans.terms)
        found = zip(terms, spans.starts, spans.ends, spans.types, strict=True)
        return [
            Token(term, position, start, end, kind)
            for position, (term, start, end, kind) in enumerate(found)
            if term is not None
        ]
