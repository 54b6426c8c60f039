"""Where the searches of one request go: the official client with an index and the request's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from elasticsearch import Elasticsearch

from headpond.pipeline.query.patience import within

Answer = dict[str, Any]
Body = dict[str, Any]


class Searches(Protocol):
    """Sends `_search` bodies to a target.

    Attributes:
        client: of the target.
        index: an index, alias or pattern; `_all` for every index.
    """

    @property
    def client(self) -> Elasticsearch:
        """Of the target."""

    @property
    def index(self) -> str:
        """Where it searches."""

    def one(self, body: Body) -> Answer:
        """The answer to a search.

        Raises:
            ApiError, TransportError: it failed.
        """

    def many(self, bodies: Sequence[Body]) -> list[Answer]:
        """The answers to several searches, in one `_msearch`; one that failed is `{"error": ..., "status": ...}`.

        Raises:
            ApiError, TransportError: all of them failed.
        """


@dataclass(frozen=True, slots=True)
class IndexSearches:
    """Searches of an index.

    Attributes:
        client: of the target.
        index: an index, alias or pattern.
        options: further arguments of `client.search`, as in `{"routing": "a"}`.
    """

    client: Elasticsearch
    index: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def one(self, body: Body) -> Answer:
        """The answer to a search."""
        # A point in time knows its indices; Elasticsearch refuses to be told them again.
        index = None if "pit" in body else self.index
        return dict(self.client.search(index=index, body=body, **self.options).body)

    def many(self, bodies: Sequence[Body]) -> list[Answer]:
        """The answers to several searches, in one `_msearch`."""
        lines = [line for body in bodies for line in (dict(self.options), body)]
        index = None if any("pit" in body for body in bodies) else self.index
        answers: list[Answer] = self.client.msearch(index=index, searches=lines)["responses"]
        return answers

    def within(self, seconds: float) -> IndexSearches:
        """The same, not waited for any longer."""
        return replace(self, client=within(self.client, seconds))
