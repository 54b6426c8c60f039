"""`value_count`: how many values there are."""

from __future__ import annotations

from headpond.node.aggregation._field import as_value, field_of, values_of
from headpond.node.aggregation._metric import Metric
from headpond.node.aggregation.base import Answer, Scope


class ValueCount(Metric):
    """How many values the documents have, of any field."""

    type = "value_count"

    def run(self, scope: Scope) -> Answer:
        """Counts the values."""
        field = field_of(scope, self.field, self.type, numeric=False)
        found = sum(len(part.values) for part in values_of(scope, self.field))
        if self.missing is not None:
            as_value(field, self.missing, "missing")
            found += sum(len(part.without) for part in values_of(scope, self.field))
        return Answer(self.type, {"value": found}, {"": found})
