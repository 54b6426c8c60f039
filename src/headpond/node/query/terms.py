"""`terms`: documents that hold any of several exact values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from headpond.errors import RestError
from headpond.node.query._value import match_values
from headpond.node.query.base import Query, checked_boost
from headpond.node.scoring.match import Match
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard

_MOST = 65_536


@dataclass(frozen=True, kw_only=True)
class Terms(Query):
    """Documents whose field holds any of the values, all with the boost as score."""

    field: str
    values: tuple[Any, ...]

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"tag": ["a", "b"], "boost": 1}`."""
        options: dict[str, Any] = {}
        for name, value in source.members():
            if value.is_array:
                if "field" in options:
                    raise value.parsing_error("[terms] query does not support multiple fields")
                options |= {"field": name, "values": _read(value)}
            elif value.is_object:
                if "field" in options:
                    known = options["field"]
                    reason = f"does not support more than one field. Already got: [{known}] but also found [{name}]"
                    raise value.parsing_error(f"[terms] query {reason}")
                raise RestError(501, "not_implemented_exception", "the lookup of [terms] is not implemented")
            elif name == "boost":
                options["boost"] = value.decimal()
            elif name == "_name":
                options["name"] = value.text()
            else:
                raise value.parsing_error(f"[terms] query does not support [{name}]")
        if "field" not in options:
            reason = (
                "[terms] query requires a field name, followed by array of terms or a document lookup specification"
            )
            raise source.parsing_error(reason, "end")
        return cls(**checked_boost("terms", options))

    def run(self, shard: Shard) -> list[Match]:
        """The documents with any of the values."""
        most = shard.limit("max_terms_count", _MOST)
        if len(self.values) > most:
            reason = (
                f"The number of terms [{len(self.values)}] used in the Terms Query request has exceeded the allowed "
                f"maximum of [{most}]. This maximum can be set by changing the [index.max_terms_count] index level "
                "setting."
            )
            raise shard.failed(RestError(400, "illegal_argument_exception", reason))
        return [match.times(self.boost) for match in match_values(shard, self.field, list(self.values))]


def _read(source: Json) -> tuple[Any, ...]:
    for element in source.elements():
        if element.value is None:
            raise element.parsing_error("No value specified for terms query")
        if not element.is_scalar:
            raise element.parsing_error(f"[terms] query does not support [{element.token}]")
    return tuple(source.value)
