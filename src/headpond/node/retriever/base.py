"""What every retriever gives, and how retrievers are read from JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from headpond.errors import RestError
from headpond.node.query._object import number, objects, text
from headpond.node.query.base import Query, parse_queries, refuse_second, unknown
from headpond.node.retriever._context import Context
from headpond.node.search.found import Results
from headpond.node.search.inner_hits import InnerQuery
from headpond.node.search.json import AT, Json, MisplacedError, Place
from headpond.node.search.leaf_search import LeafSearch
from headpond.node.search.rewriter import Rewriter
from headpond.node.search.shard import Shard
from headpond.registry import Registry

MISSING = ("pinned", "query_rules", "random_reranker", "rule", "diversify")

COMMON = {"filter": objects(parse_queries), "min_score": number(), "_name": text()}


@dataclass(frozen=True, kw_only=True)
class Retriever(ABC):
    """One node of a tree of retrievers.

    Attributes:
        type: the name in `{"<retriever>": {...}}`.
        filter: queries that every document has to match; those of a compound retriever hold for its children.
        min_score: the least score.
        name: the `_name`.
    """

    type: ClassVar[str]

    filter: tuple[Query, ...] = ()
    min_score: float | None = None
    name: str | None = None

    @classmethod
    @abstractmethod
    def parse(cls, source: Json) -> Self:
        """Reads the retriever's body.

        Raises:
            RestError: 400 for what Elasticsearch does not know, 501 for what is known but missing here.
        """

    @abstractmethod
    def rewrite(self, rewriter: Rewriter) -> Retriever:
        """The retriever with the embeddings of its query texts put in."""

    @abstractmethod
    def run(self, context: Context, size: int) -> Results:
        """The `size` best documents."""

    def problems(self, size: int) -> list[str]:
        """What does not fit together, in the words of Elasticsearch's validation.

        Args:
            size: hits that are asked of this retriever.
        """
        return []

    @abstractmethod
    def check(self) -> None:
        """Checks what validation leaves to the rewriting of a search.

        Raises:
            RestError: 400, a child of a compound retriever has an option that only the top of a search may have.
        """

    @abstractmethod
    def inner(self, shards: list[Shard]) -> list[InnerQuery]:
        """The queries whose nested objects are to be shown.

        Raises:
            RestError: 400, two have the same key, or a window is too large.
        """

    def filtered(self, filters: Sequence[Query]) -> Self:
        """The retriever with more filters."""
        return replace(self, filter=(*self.filter, *filters)) if filters else self

    @property
    def has_min_score(self) -> bool:
        """Whether documents are left out by their score, here or below."""
        return self.min_score is not None


@dataclass(frozen=True, kw_only=True)
class LeafRetriever(Retriever):
    """A retriever that searches by itself."""

    @abstractmethod
    def search(self) -> LeafSearch:
        """The search it stands for."""

    def run(self, context: Context, size: int) -> Results:
        """The search's best documents, with scores even when they are sorted otherwise."""
        return replace(self.search(), track_scores=True).run(context.shards, size)

    def inner(self, shards: list[Shard]) -> list[InnerQuery]:
        """Those of the search."""
        return self.search().inner(shards)

    def check(self) -> None:
        """Nothing is left to check."""

    def check_child(self) -> None:
        """Checks that the retriever may stand below another.

        Raises:
            RestError: 400, it has an option that only the top of a search may have.
        """
        search = self.search()
        for name, given in (("search_after", search.search_after), ("terminate_after", search.terminate_after)):
            if given:
                reason = f"[{name}] cannot be used in children of compound retrievers"
                raise RestError(400, "illegal_argument_exception", reason)


RETRIEVERS: Registry[Retriever] = Registry("retriever", "headpond.node.retriever", Retriever)  # type: ignore[type-abstract]


def parse_retriever(source: Json) -> Retriever:
    """Reads `{"<retriever>": {...}}` at the top of a search.

    Raises:
        RestError: 400 for malformed or unknown retrievers, 501 for those that are known but missing.
    """
    members = list(source.members())
    if not members:
        raise source.parsing_error("retriever malformed, empty clause found", "end")
    name, body = members[0]
    if not body.is_object:
        raise body.parsing_error(f"[{name}] retriever malformed, no [START_OBJECT] after retriever name")
    if not known(name):
        raise unknown("retriever", body, [*RETRIEVERS.names(), *MISSING])
    retriever = RETRIEVERS.get(name).parse(body)
    refuse_second("retriever", members)
    return retriever


def parse_child(source: Json) -> Retriever:
    """Reads `{"<retriever>": {...}}` inside another retriever, with that place's error texts.

    Raises:
        RestError: 400 for malformed or unknown retrievers, 501 for those that are known but missing.
    """
    name, body = next(source.members(), (source.name, source))
    if not known(name):
        place: Place = "name" if source.value else "end"
        cause = MisplacedError("named_object_not_found_exception", f"[{AT}] unknown field [{name}]", body, place)
        reason = f"[{AT}] [retriever] failed to parse field [{name}]"
        raise MisplacedError("x_content_parse_exception", reason, body, place, caused_by=cause)
    if not body.is_object:
        raise body.parsing_error(f"[{name}] retriever malformed, no [START_OBJECT] after retriever name")
    try:
        return RETRIEVERS.get(name).parse(body)
    except RestError as error:
        if error.status != 400:
            raise
        raise Json(body.value, (*source.path, name)).failed_member("retriever", error) from None


def known(name: str) -> bool:
    """Whether there is such a retriever.

    Raises:
        RestError: 501, Elasticsearch has one of this name, but there is none here.
    """
    if name in MISSING:
        raise RestError(501, "not_implemented_exception", f"the retriever [{name}] is not implemented")
    return name in RETRIEVERS


def renamed(values: dict[str, object]) -> dict[str, object]:
    """The common members as `Retriever` takes them."""
    if "_name" in values:
        values["name"] = values.pop("_name")
    return values
