"""Queries for one text in one field."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from headpond.errors import RestError
from headpond.node.query._text import TextOptions
from headpond.node.query._text_options import read_text_query
from headpond.node.query.base import Query
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class OneTextQuery(Query):
    """A query that looks for a text in a field.

    Attributes:
        type: the query's name.
        known: the names of its options, out of `TEXT_READERS`.
        field: where to look.
        text: what to look for.
        options: how.
    """

    type: ClassVar[str]
    known: ClassVar[tuple[str, ...]]

    field: str
    text: Any
    options: TextOptions

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"title": "some words"}` or `{"title": {"query": "some words", ...}}`."""
        return cls(**read_text_query(source, cls.type, cls.known, cls.missing))

    @classmethod
    def missing(cls, source: Json) -> RestError:
        """The error when there is no text."""
        return RestError(400, "illegal_argument_exception", f"[{cls.type}] requires query value")

    @abstractmethod
    def find(self, shard: Shard) -> list[Match]:
        """The documents found, with scores before the boost."""

    def run(self, shard: Shard) -> list[Match]:
        """The documents found."""
        return [match.times(self.boost) for match in self.find(shard)]
