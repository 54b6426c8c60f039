"""`multi_match`: one text against several fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._cross_fields import match_cross_fields
from headpond.node.query._text import (
    DEFAULTS,
    TextOptions,
    match_phrase_with_prefix,
    match_words,
    match_words_as_phrase,
    match_words_with_prefix,
)
from headpond.node.query._text_options import TEXT_READERS, raw, text_options
from headpond.node.query.base import Query, read_options
from headpond.node.scoring.match import Match, dis_max, nothing
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

FieldMatch = Callable[[Shard, str, Any, TextOptions, str], list[Match]]

_TYPES: dict[str, tuple[FieldMatch, float]] = {
    "best_fields": (match_words, 0.0),
    "most_fields": (match_words, 1.0),
    "cross_fields": (match_words, 0.0),
    "phrase": (match_words_as_phrase, 0.0),
    "phrase_prefix": (match_phrase_with_prefix, 0.0),
    "bool_prefix": (match_words_with_prefix, 1.0),
}
_NOT_SEARCHED = frozenset({"dense_vector", "sparse_vector"})


@dataclass(frozen=True, kw_only=True)
class MultiMatch(Query):
    """One text against several fields; the fields' scores are joined as the type says.

    Attributes:
        text: what to look for.
        fields: `(field or pattern, boost)`; none means all.
        type: `best_fields`, `most_fields`, `cross_fields`, `phrase`, `phrase_prefix` or `bool_prefix`.
        tie_breaker: how much the lower scores count; the type's own when None.
    """

    text: Any
    fields: tuple[tuple[str, float], ...] = ()
    type: str = "best_fields"
    tie_breaker: float | None = None
    options: TextOptions = DEFAULTS

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"query": "some words", "fields": ["title^3", "body"]}`."""
        fields: dict[str, float] = {}
        scalars: dict[str, Any] = {}
        for name, value in source.members():
            if name != "fields":
                scalars[name] = value.value
            elif value.is_object or value.value is None:
                raise value.parsing_error("[multi_match] query does not support [fields]")
            else:
                for element in value.elements():
                    field, boost = _field_and_boost(element)
                    fields[field] = boost
        readers = {"query": raw, "type": _read_type, "tie_breaker": Json.decimal, **TEXT_READERS}
        values = read_options(Json(scalars, source.path), "multi_match", readers)
        if values.get("query") is None:
            raise source.parsing_error("No text specified for multi_match query", "end")
        own = {name: values.pop(name) for name in ("type", "tie_breaker", "boost", "name") if name in values}
        text = values.pop("query")
        return cls(text=text, fields=tuple(fields.items()), options=text_options(values), **own)

    def run(self, shard: Shard) -> list[Match]:
        """The fields' matches, joined."""
        match, tie_breaker = _TYPES[self.type]
        if self.tie_breaker is not None:
            tie_breaker = self.tie_breaker
        fields = self._resolved(shard)
        options = self.options
        if not self.fields or any(pattern == "*" for pattern, _ in self.fields):
            options = replace(options, lenient=True)
        if self.type == "cross_fields":
            found = match_cross_fields(shard, fields, self.text, options, tie_breaker)
        else:
            found = [
                [result.times(boost) for result in match(shard, path, self.text, options, "multi_match")]
                for path, boost in fields.items()
            ]
        if not found:
            return [nothing(leaf.segment.max_doc) for leaf in shard.leaves]
        return [
            dis_max(leaf.segment.max_doc, [clause[number] for clause in found], tie_breaker).times(self.boost)
            for number, leaf in enumerate(shard.leaves)
        ]

    def _resolved(self, shard: Shard) -> dict[str, float]:
        """Full paths with their boosts; a path that several patterns name gets their product."""
        resolved: dict[str, float] = {}
        for pattern, boost in self.fields or (("*", 1.0),):
            for field in shard.mapping.fields_matching(pattern):
                if "*" not in pattern or field.type not in _NOT_SEARCHED:
                    resolved[field.path] = resolved.get(field.path, 1.0) * boost
        return resolved


def _field_and_boost(source: Json) -> tuple[str, float]:
    field, caret, boost = source.text().partition("^")
    return field, Json(boost).decimal() if caret else 1.0


def _read_type(source: Json) -> str:
    name = source.text()
    if name not in _TYPES:
        raise RestError(400, "parse_exception", f"failed to parse [multi_match] query type [{name}]. unknown type.")
    return name
