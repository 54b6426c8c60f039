"""`min`: the least value."""

from __future__ import annotations

import math

from headpond.node.aggregation._metric import Metric, one_value
from headpond.node.aggregation.base import Answer, Scope


class Min(Metric):
    """The least of all values, None where there are none."""

    type = "min"

    def run(self, scope: Scope) -> Answer:
        """Looks at all values of the field."""
        numbers, field = self.numbers(scope)
        value = float(numbers.min()) if len(numbers) else None
        return Answer(self.type, one_value(value, field), {"": math.inf if value is None else value})
