"""What every query gives, and how queries are read from JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from headpond.errors import RestError
from headpond.node.query._missing import MISSING
from headpond.node.scoring.match import Match
from headpond.node.search.json import AT, Json, MisplacedError, did_you_mean
from headpond.node.search.shard import Shard
from headpond.registry import Registry

if TYPE_CHECKING:
    from headpond.node.search.inner_hits import InnerQuery
    from headpond.node.search.rewriter import Rewriter


@dataclass(frozen=True, kw_only=True)
class Query(ABC):
    """One node of a query's tree.

    Attributes:
        boost: factor of the scores.
        name: the `_name` that hits report in `matched_queries`.
    """

    boost: float = 1.0
    name: str | None = None

    @classmethod
    @abstractmethod
    def parse(cls, source: Json) -> Self:
        """Reads the query's body, `{...}` in `{"<query>": {...}}`.

        Raises:
            RestError: 400 for what Elasticsearch does not know, 501 for what is known but missing here.
        """

    @abstractmethod
    def run(self, shard: Shard) -> list[Match]:
        """What the query finds in each segment of the shard, nested and deleted documents included.

        Raises:
            RestError: 400, the query does not suit the mapping.
        """

    def rewrite(self, rewriter: Rewriter) -> Query:
        """The query with everything asked from elsewhere put in: embeddings of query texts, for example."""
        changed: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Query):
                changed[field.name] = value.rewrite(rewriter)
            elif isinstance(value, tuple) and value and isinstance(value[0], Query):
                changed[field.name] = tuple(clause.rewrite(rewriter) for clause in value)
        return replace(self, **changed) if changed else self

    def named(self) -> Iterator[tuple[str, Query]]:
        """This query and those inside it that have a `_name`."""
        if self.name is not None:
            yield self.name, self
        for field in fields(self):
            value = getattr(self, field.name)
            for clause in value if isinstance(value, tuple) else (value,):
                if isinstance(clause, Query):
                    yield from clause.named()

    def inner(self) -> Iterator[InnerQuery]:
        """The queries inside this one whose nested objects are to be shown."""
        for field in fields(self):
            value = getattr(self, field.name)
            for clause in value if isinstance(value, tuple) else (value,):
                if isinstance(clause, Query):
                    yield from clause.inner()


QUERIES: Registry[Query] = Registry("query", "headpond.node.query", Query)  # type: ignore[type-abstract]


def parse_query(source: Json) -> Query:
    """Reads `{"<query>": {...}}`.

    Raises:
        RestError: 400 for malformed or unknown queries, 501 for queries that are known but missing.
    """
    if not source.is_object:
        raise source.parsing_error("[_na] query malformed, must start with start_object")
    members = list(source.members())
    if not members:
        reason = f"query malformed, empty clause found at [{AT}]"
        raise MisplacedError("illegal_argument_exception", reason, source, "end")
    name, body = members[0]
    if not body.is_object:
        raise body.parsing_error(f"[{name}] query malformed, no start_object after query name")
    if name in MISSING:
        raise RestError(501, "not_implemented_exception", f"the query [{name}] is not implemented")
    if name not in QUERIES:
        raise unknown("query", body, [*QUERIES.names(), *MISSING])
    query = QUERIES.get(name).parse(body)
    refuse_second("query", members)
    return query


def unknown(kind: str, body: Json, known: list[str]) -> MisplacedError:
    """The error about `{"<name>": {...}}` when nothing of the kind has this name."""
    cause = MisplacedError("named_object_not_found_exception", f"[{AT}] unknown field [{body.name}]", body)
    near = did_you_mean(body.name, known)
    return MisplacedError("parsing_exception", f"unknown {kind} [{body.name}]{near}", body, caused_by=cause)


def refuse_second(kind: str, members: list[tuple[str, Json]]) -> None:
    """Refuses an object with another member behind the one that says what it is.

    Raises:
        RestError: 400, names the first member.
    """
    if len(members) > 1:
        reason = f"[{members[0][0]}] malformed {kind}, expected [END_OBJECT] but found [FIELD_NAME]"
        raise members[1][1].parsing_error(reason, "name")


def parse_queries(source: Json) -> tuple[Query, ...]:
    """Reads one query or an array of them."""
    return tuple(parse_query(element) for element in source.elements())


Readers = Mapping[str, Callable[[Json], Any]]

LARGEST = 3.4028234e38
"""The largest 32-bit float."""

COMMON: Readers = {"boost": Json.decimal, "_name": Json.text}


def read_options(source: Json, query: str, readers: Readers) -> dict[str, Any]:
    """The members of an object that holds scalars only; `boost` and `_name` are always known.

    Returns:
        the values read, by the names the `Query` classes use (`_name` becomes `name`).

    Raises:
        RestError: 400 for a member that is unknown or not a scalar.
    """
    options: dict[str, Any] = {}
    for name, value in source.members():
        if not value.is_scalar or value.value is None:
            raise value.parsing_error(f"[{query}] unknown token [{value.token}] after [{name}]")
        reader = readers.get(name) or COMMON.get(name)
        if reader is None:
            raise value.parsing_error(f"[{query}] query does not support [{name}]")
        options["name" if name == "_name" else name] = reader(value)
    return checked_boost(query, options)


def checked_boost(query: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options themselves.

    Raises:
        RestError: 400, the boost is negative.
    """
    if options.get("boost", 1) > LARGEST:
        raise RestError(400, "illegal_argument_exception", "boost must be a positive float, got Infinity")
    if options.get("boost", 1) < 0:
        reason = f"negative [boost] are not allowed in [{query}], use a value between 0 and 1 to deboost"
        raise RestError(400, "illegal_argument_exception", reason)
    return options


def single_field(source: Json, query: str) -> tuple[str, Json] | None:
    """The one member of `{"<field>": ...}`, or None when there is none.

    Raises:
        RestError: 400 when there are several.
    """
    found: tuple[str, Json] | None = None
    for name, value in source.members():
        if found is not None:
            raise value.parsing_error(
                f"[{query}] query doesn't support multiple fields, found [{found[0]}] and [{name}]"
            )
        found = (name, value)
    return found
