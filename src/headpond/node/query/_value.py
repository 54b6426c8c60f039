"""One value of one field: what `term`, and `match` on fields without analyzer, look for."""

from __future__ import annotations

from typing import Any

from headpond.errors import RestError
from headpond.node.mapping.base import FieldType
from headpond.node.mapping.types._number import FloatType
from headpond.node.mapping.types.date import Date
from headpond.node.query.ids import match_ids
from headpond.node.scoring.columns import match_numbers
from headpond.node.scoring.match import Match, constant, everything, nothing
from headpond.node.scoring.terms import Weighted, match_any, match_term
from headpond.node.search.shard import Shard

_WITHOUT_TERMS = frozenset({"dense_vector"})


def match_value(shard: Shard, path: str, value: Any, *, case_insensitive: bool = False) -> list[Match]:
    """Documents that have the value: BM25 for terms, 1 for numbers, dates and `_id`.

    Args:
        shard: where to look.
        path: a field, or `_id` or `_index`.
        value: a JSON scalar.
        case_insensitive: whether ASCII letters match in either case; the score is then 1.

    Raises:
        RestError: 400, the value does not fit the field.
    """
    field = shard.field(path)
    if path in ("_id", "_index"):
        return match_metadata(shard, path, [value])
    if field is None:
        return no_match(shard)
    try:
        if has_numbers(field):
            return [constant(mask) for mask in match_numbers(shard, field.path, [number_of(field, value)])]
        _check_terms(field)
        term = field.term(value)
    except RestError as error:
        raise shard.failed(error) from None
    if case_insensitive:
        folded = term.lower()
        return match_any(shard, field.path, [known for known in shard.terms(field.path) if known.lower() == folded])
    return match_term(shard, field.path, Weighted(term))


def term_of(shard: Shard, field: FieldType, value: Any) -> str:
    """The indexed term of a value.

    Raises:
        RestError: 400, the value does not fit the field, or the field has no terms.
    """
    try:
        _check_terms(field)
        return field.term(value)
    except RestError as error:
        raise shard.failed(error) from None


def match_values(shard: Shard, path: str, values: list[Any]) -> list[Match]:
    """Documents that have any of the values, all with score 1.

    Raises:
        RestError: 400, a value does not fit the field.
    """
    if path in ("_id", "_index"):
        return match_metadata(shard, path, values)
    field = shard.field(path)
    if field is None:
        return no_match(shard)
    try:
        if has_numbers(field):
            return [
                constant(mask)
                for mask in match_numbers(shard, field.path, [number_of(field, value) for value in values])
            ]
        _check_terms(field)
        return match_any(shard, field.path, dict.fromkeys(field.term(value) for value in values))
    except RestError as error:
        raise shard.failed(error) from None


def match_metadata(shard: Shard, path: str, values: list[Any]) -> list[Match]:
    """Documents by `_id` or `_index`, score 1."""
    texts = tuple(str(value) for value in values)
    if path == "_id":
        return [constant(mask) for mask in match_ids(shard, texts)]
    if shard.index.name in texts:
        return [everything(leaf.segment.max_doc) for leaf in shard.leaves]
    return no_match(shard)


def number_of(field: FieldType, value: Any, **options: Any) -> float | int:
    """What a column holds for a query's value.

    Args:
        field: a number or a date.
        value: the query's.
        options: further arguments of the field's `number`.

    Raises:
        RestError: 400, the value does not fit; dates come as `parse_exception`, as where Elasticsearch reads date math.
    """
    try:
        number = field.number(value, **options)
        return field.rounded(number) if isinstance(field, FloatType) else number
    except RestError as error:
        if not isinstance(field, Date) or error.type == "parse_exception":
            raise
        raise RestError(400, "parse_exception", f"{error.reason}: [{error.reason}]", caused_by=error) from None


def has_numbers(field: FieldType) -> bool:
    """Whether the field is searched in its column (numbers and dates) instead of by terms."""
    return field.ordered and field.type != "boolean"


def no_match(shard: Shard) -> list[Match]:
    """Nothing in any segment."""
    return [nothing(leaf.segment.max_doc) for leaf in shard.leaves]


def _check_terms(field: FieldType) -> None:
    if field.type == "sparse_vector":
        reason = f"[{field.path}] is a [sparse_vector] field, which term and match queries are not implemented for"
        raise RestError(501, "not_implemented_exception", reason)
    if field.type in _WITHOUT_TERMS:
        reason = f"Field [{field.path}] of type [{field.type}] doesn't support term queries"
        raise RestError(400, "illegal_argument_exception", reason)
