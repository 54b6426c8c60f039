"""What a knn query, a knn section and a knn retriever have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headpond.errors import RestError
from headpond.node.query._object import (
    OBJECTS,
    Member,
    failed_build,
    integer,
    number,
    objects,
    read_members,
    read_object,
    text,
)
from headpond.node.query.base import parse_queries
from headpond.node.search.inner_hits import read_inner_hits
from headpond.node.search.json import Json

MOST_CANDIDATES = 10_000


@dataclass(frozen=True, slots=True)
class VectorBuilder:
    """A text that an inference endpoint turns into the query's vector."""

    model_id: str
    text: str


@dataclass(frozen=True, slots=True)
class KnnBody:
    """What is looked for.

    Attributes:
        field: a dense_vector field.
        vector: numbers, or a string of hex digits for byte and bit vectors; None while there is a builder.
        builder: how the vector is made from text.
        k: how many neighbours; the number of hits asked for when None.
        num_candidates: how many an approximate search looks at; search here is exact, so it only bounds `k`.
        similarity: the least similarity of a neighbour.
    """

    field: str
    vector: tuple[float, ...] | str | None = None
    builder: VectorBuilder | None = None
    k: int | None = None
    num_candidates: int | None = None
    similarity: float | None = None


MEMBERS = {
    "field": text(),
    "query_vector": Member(
        frozenset({"START_ARRAY", "VALUE_STRING", "VALUE_NUMBER"}), lambda source: read_vector(source)
    ),
    "query_vector_builder": Member(OBJECTS, lambda source: _read_builder(source)),
    "k": integer(),
    "num_candidates": integer(),
    "visit_percentage": number(),
    "similarity": number(),
    "filter": objects(parse_queries),
    "rescore_vector": Member(OBJECTS, lambda source: _read_rescore_vector(source)),
    "inner_hits": Member(OBJECTS, read_inner_hits),
}


def read_knn(source: Json) -> dict[str, Any]:
    """Reads the body of a knn query: `body`, `filter`, and `boost` and `name` when given.

    Raises:
        RestError: 400, the body is malformed.
    """
    members = {name: member for name, member in MEMBERS.items() if name != "inner_hits"}
    values = read_object(source, "knn", members, wrapped=False)
    if "field" not in values:
        raise RestError(400, "illegal_argument_exception", "Required [field]")
    both = "either [query_vector] or [query_vector_builder] must be provided"
    problem = problem_of(values, both)
    if problem is not None:
        raise failed_build(source, "knn", problem, wrapped=False)
    return build(values)


def build(values: dict[str, Any]) -> dict[str, Any]:
    """The members as `Knn` takes them."""
    body = KnnBody(
        values["field"],
        values.get("query_vector"),
        values.get("query_vector_builder"),
        values.get("k"),
        values.get("num_candidates"),
        values.get("similarity"),
    )
    common: dict[str, Any] = {name: values[name] for name in ("boost", "name") if name in values}
    return {"body": body, "filter": values.get("filter", ()), **common}


def problem_of(values: dict[str, Any], neither: str) -> str | None:
    """What is wrong with the members together, in Elasticsearch's words and order; None when nothing is."""
    k, candidates = values.get("k"), values.get("num_candidates")
    if k is not None and k < 1:
        return "[k] must be greater than 0"
    if candidates is not None and candidates > MOST_CANDIDATES:
        return f"[num_candidates] cannot exceed [{MOST_CANDIDATES}]"
    if k is not None and candidates is not None and candidates < k:
        return "[num_candidates] cannot be less than [k]"
    if "query_vector" not in values and "query_vector_builder" not in values:
        return neither
    if "query_vector" in values and "query_vector_builder" in values:
        return "only one of [query_vector] and [query_vector_builder] must be provided"
    return None


def read_vector(source: Json) -> tuple[float, ...] | str:
    """Reads an array of numbers, one number, or a string of hex digits.

    Raises:
        RestError: 400 for anything else.
    """
    if isinstance(source.value, str):
        if len(source.value) % 2:
            reason = f"string length not even: {len(source.value)}"
            raise RestError(400, "illegal_argument_exception", reason)
        return source.value
    if source.is_array and set(map(type, source.value)) <= {int, float}:
        return tuple(source.value)
    return tuple(element.decimal() for element in source.elements())


def _read_builder(source: Json) -> VectorBuilder:
    for name, value in source.members():
        if name != "text_embedding":
            if name == "lookup":
                raise RestError(501, "not_implemented_exception", "[query_vector_builder.lookup] is not implemented")
            raise value.unknown_field("query_vector_builder", ["text_embedding", "lookup"])
        read = read_members(
            value, "text_embedding", {"model_id": text(), "model_text": text()}, required=["model_text"]
        )
        if "model_id" not in read:
            reason = "[model_id] of [query_vector_builder.text_embedding] is required: the field names no endpoint"
            raise RestError(400, "illegal_argument_exception", reason)
        return VectorBuilder(read["model_id"], read["model_text"])
    raise RestError(400, "illegal_argument_exception", "[query_vector_builder] must not be empty")


def _read_rescore_vector(source: Json) -> None:
    """Search is exact, so there is nothing to rescore."""
    read_members(source, "rescore_vector", {"oversample": number()}, required=["oversample"])
