"""`sum`: the sum of the values."""

from __future__ import annotations

from headpond.node.aggregation._metric import Metric, one_value, total
from headpond.node.aggregation.base import Answer, Scope


class Sum(Metric):
    """The sum of all values."""

    type = "sum"

    def run(self, scope: Scope) -> Answer:
        """Looks at all values of the field."""
        numbers, field = self.numbers(scope)
        value = total(numbers)
        return Answer(self.type, one_value(value, field), {"": value})
