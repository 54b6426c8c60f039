"""Reading the options of text queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headpond.errors import RestError
from headpond.node.query._text import TextOptions
from headpond.node.query.base import Readers, read_options, single_field
from headpond.node.scoring.fuzzy import read_fuzziness
from headpond.node.search.json import AT, Json, MisplacedError


def read_operator(source: Json) -> str:
    """Reads `or` or `and` in any case.

    Raises:
        RestError: 400 for anything else.
    """
    text = source.text()
    if text.lower() not in ("or", "and"):
        reason = f"No enum constant org.elasticsearch.index.query.Operator.{text.upper()}"
        raise RestError(400, "illegal_argument_exception", reason)
    return text.lower()


def read_zero_terms(source: Json) -> bool:
    """Reads `none` or `all`; True for all.

    Raises:
        RestError: 400 for anything else.
    """
    text = source.text()
    if text.lower() not in ("none", "all"):
        raise source.parsing_error(f"Unsupported zero_terms_query value [{text}]")
    return text.lower() == "all"


def read_slop(source: Json) -> int:
    """Reads a number that is not negative.

    Raises:
        RestError: 400 for a negative one.
    """
    slop = source.integer()
    if slop < 0:
        raise RestError(400, "illegal_argument_exception", "No negative slop allowed.")
    return slop


def refuse(name: str) -> Callable[[Json], None]:
    """A reader of an option that is known but missing here."""

    def read(source: Json) -> None:
        raise RestError(501, "not_implemented_exception", f"[{name}] is not implemented")

    return read


def ignored(source: Json) -> None:
    """Reads an option that makes no difference here."""


TEXT_READERS: Readers = {
    "analyzer": Json.text,
    "operator": read_operator,
    "minimum_should_match": Json.text,
    "fuzziness": read_fuzziness,
    "prefix_length": Json.integer,
    "max_expansions": Json.integer,
    "fuzzy_transpositions": Json.boolean,
    "fuzzy_rewrite": refuse("fuzzy_rewrite"),
    "lenient": Json.boolean,
    "zero_terms_query": read_zero_terms,
    "auto_generate_synonyms_phrase_query": ignored,
    "slop": read_slop,
}


def raw(source: Json) -> Any:
    """Reads a scalar as it is."""
    return source.value


def read_text_query(
    source: Json, query: str, options: tuple[str, ...], missing: Callable[[Json], RestError]
) -> dict[str, Any]:
    """Reads `{"field": "text"}` or `{"field": {"query": "text", ...}}`.

    Args:
        source: the body.
        query: the query's name.
        options: names out of `TEXT_READERS` that this query knows.
        missing: the error when there is no text; it gets the place.

    Returns:
        `field`, `text`, `options`, and `boost` and `name` when given.

    Raises:
        RestError: 400 for a malformed body.
    """
    found = single_field(source, query)
    if found is None:
        raise missing(source)
    field, body = found
    if not body.is_object:
        if body.is_array:
            raise MisplacedError("illegal_argument_exception", f"Expected text at {AT} but found START_ARRAY", body)
        values: dict[str, Any] = {"query": body.value}
    else:
        values = read_options(body, query, {"query": raw} | {name: TEXT_READERS[name] for name in options})
    text = values.pop("query", None)
    if text is None:
        raise missing(source)
    common: dict[str, Any] = {name: values.pop(name) for name in ("boost", "name") if name in values}
    return {"field": field, "text": text, "options": text_options(values), **common}


def text_options(values: dict[str, Any]) -> TextOptions:
    """The options out of what was read."""
    values = {name: value for name, value in values.items() if value is not None}
    if "zero_terms_query" in values:
        values["match_all_if_empty"] = values.pop("zero_terms_query")
    return TextOptions(**values)
