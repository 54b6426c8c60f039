"""`term`: documents that hold one exact value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._value import match_value
from headpond.node.query.base import Query, read_options, single_field
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard


@dataclass(frozen=True, kw_only=True)
class Term(Query):
    """Documents whose field holds the value as it is, without analysis."""

    field: str
    value: Any
    case_insensitive: bool = False

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"tag": "a"}` or `{"tag": {"value": "a", "boost": 1}}`."""
        found = single_field(source, "term")
        if found is None:
            raise RestError(400, "illegal_argument_exception", "field name is null or empty")
        field, body = found
        if body.is_array:
            raise body.parsing_error("[term] query does not support array of values")
        if body.value is None:
            raise RestError(400, "illegal_argument_exception", "field name is null or empty")
        options: dict[str, Any] = {"value": body.value}
        if body.is_object:
            options = {"value": None} | _read(body)
        if options["value"] is None:
            raise RestError(400, "illegal_argument_exception", "value cannot be null")
        return cls(field=field, **options)

    def run(self, shard: Shard) -> list[Match]:
        """The documents, scored by BM25 or 1."""
        found = match_value(shard, self.field, self.value, case_insensitive=self.case_insensitive)
        return [match.times(self.boost) for match in found]


def _read(body: Json) -> dict[str, Any]:
    values = [member for name, member in body.members() if name in ("value", "term")]
    for value in values:
        if not value.is_scalar:
            raise value.parsing_error("[term] query does not support array of values")
    if any(value.value is None for value in values):
        raise RestError(400, "illegal_argument_exception", "value cannot be null")
    readers = {"value": _raw, "term": _raw, "case_insensitive": Json.boolean}
    options = read_options(body, "term", readers)
    if "term" in options:
        options["value"] = options.pop("term")
    return options


def _raw(source: Json) -> Any:
    return source.value
