"""`cardinality`: how many different values there are."""

from __future__ import annotations

from typing import Any, Self

from headpond.node.aggregation._field import as_value, field_of, read_field, values_of
from headpond.node.aggregation._metric import Metric
from headpond.node.aggregation.base import Answer, Scope
from headpond.node.query._object import TEXTS, Member, integer
from headpond.node.search.json import Json


class Cardinality(Metric):
    """How many different values the documents have, counted exactly; Elasticsearch estimates above 3000."""

    type = "cardinality"

    @classmethod
    def parse(cls, source: Json) -> Self:
        """Reads `{"field": "user"}`; what tunes the estimate changes nothing."""
        more = {"precision_threshold": integer(), "execution_hint": Member(TEXTS, Json.text)}
        field, missing, _ = read_field(source, cls.type, more)
        return cls(field=field, missing=missing)

    def run(self, scope: Scope) -> Answer:
        """Counts the different values."""
        field = field_of(scope, self.field, self.type, numeric=False)
        seen: set[Any] = set()
        for part in values_of(scope, self.field):
            found = set(part.values.tolist())
            seen |= found if part.dictionary is None else {part.dictionary[place] for place in found}
            if self.missing is not None and len(part.without):
                seen.add(as_value(field, self.missing, "missing"))
        return Answer(self.type, {"value": len(seen)}, {"": len(seen)})
